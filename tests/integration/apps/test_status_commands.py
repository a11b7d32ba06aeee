"""`paraph ca revoke`, `suspend` and `resume` on running zones: what the SAM, the list and the responder then say."""

from __future__ import annotations

import json
import sqlite3
import subprocess

import httpx
import pytest
from cryptography.x509 import load_der_x509_crl

from apps.browser import Browser
from apps.caretaker import Caretaker
from apps.health import listen_address
from core import addresses
from core.clock import SystemClock

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("instance")]


@pytest.fixture(scope="module")
def client(instance) -> str:
    said = instance.paraph("client", "add", "--name", "A", "--redirect-uri", "https://a.example.com/", "--json").stdout
    return json.loads(said)["client_id"]


@pytest.fixture
def enrolled(instance, client, request) -> dict[str, str]:
    number = sum(map(ord, request.node.name)) % 10_000
    said = instance.paraph(
        *("ra", "enrol", "--given-name", "Ana", "--surname", "Pop", "--email", "ana@example.com"),
        *("--national-id", f"290010{1 + number % 9}4{number:05d}"[:13], "--phone", f"+4072200{number:04d}"),
        *("--client", client, "--account", f"a{number}", "--json"),
    )
    return json.loads(said.stdout)


def sam_record(instance, credential: str) -> tuple[str, int]:
    """Return a credential's state in the SAM and the length of its wrapped key."""
    with sqlite3.connect(instance.settings.zone_dir("sam") / "db.sqlite") as database:
        wanted = "SELECT state, length(wrapped_key) FROM credentials WHERE credential = ?"
        row = database.execute(wanted, (credential,)).fetchone()
    database.close()
    return row


def on_list(instance, serial: str) -> str | None:
    """Return the reason under which the served list has a certificate; None when it has not."""
    url = f"http://{listen_address(instance.settings, 'status')}{addresses.issuing_crl(1)}"
    der = httpx.get(url, trust_env=False).content
    entry = load_der_x509_crl(der).get_revoked_certificate_by_serial_number(int(serial, 16))
    if entry is None:
        return None
    return next((each.value.reason.value for each in entry.extensions), "no reason")


def responder_says(instance, tmp_path, serial: str) -> str:
    """Return what `openssl ocsp` hears from the running responder."""
    public = instance.settings.published()
    url = f"http://{listen_address(instance.settings, 'status')}{addresses.OCSP}"
    command = ["openssl", "ocsp", "-issuer", str(public / "issuing.pem"), "-serial", f"0x{serial}", "-url", url]
    chain = tmp_path / "chain.pem"
    chain.write_bytes((public / "root.pem").read_bytes() + (public / "issuing.pem").read_bytes())
    done = subprocess.run([*command, "-CAfile", str(chain)], capture_output=True, text=True, check=False, timeout=30)
    assert "Response verify OK" in done.stderr, done.stderr
    return done.stdout.splitlines()[0].split(": ")[1]


def test_a_suspension_reaches_everybody_and_ends_everywhere(instance, enrolled, tmp_path):
    serial, credential = enrolled["certificate_serial"], enrolled["credential"]
    assert responder_says(instance, tmp_path, serial) == "good"
    said = instance.paraph("ca", "suspend", serial).stdout
    assert f"{int(serial, 16):040x} is suspended from " in said
    assert sam_record(instance, credential)[0] == "suspended"
    assert on_list(instance, serial) == "certificateHold"
    assert responder_says(instance, tmp_path, serial) == "revoked"
    assert instance.paraph("ca", "suspend", serial, check=False).stderr.startswith("paraph: already suspended: since")
    unnamed = instance.paraph("ca", "resume", serial, check=False)
    assert (unnamed.returncode, sam_record(instance, credential)[0]) == (4, "suspended")
    instance.paraph("ca", "resume", serial, "--as", "elena")
    assert (sam_record(instance, credential)[0], on_list(instance, serial)) == ("active", None)
    assert responder_says(instance, tmp_path, serial) == "good"


def test_a_revocation_destroys_the_key_and_reaches_everybody(instance, enrolled, tmp_path):
    serial, credential = enrolled["certificate_serial"], enrolled["credential"]
    assert sam_record(instance, credential)[1] > 0
    said = instance.paraph(
        "ca", "revoke", serial, "--reason", "keyCompromise", "--yes", "--as", "elena", "--json"
    ).stdout
    assert (json.loads(said)["status"], sam_record(instance, credential)) == ("revoked", ("revoked", 0))
    assert on_list(instance, serial) == "keyCompromise"
    assert responder_says(instance, tmp_path, serial) == "revoked"
    again = instance.paraph("ca", "revoke", serial, "--reason", "superseded", "--yes", "--as", "mihai", check=False)
    assert again.returncode == 1
    assert again.stderr.startswith("paraph: already revoked: since")
    listed = json.loads(instance.paraph("ca", "list", "--json").stdout)
    (line,) = [each for each in listed if int(each["serial"], 16) == int(serial, 16)]
    assert (line["status"], line["reason"], line["credential"]) == ("revoked", "keyCompromise", credential)


def test_a_signatory_revokes_on_the_page_and_everybody_learns_of_it(instance, enrolled, tmp_path):
    serial, credential = enrolled["certificate_serial"], enrolled["credential"]
    cnp, phone = person(instance, credential)
    browser = Browser()
    page = browser.open(f"{instance.settings.service.public_origin}/revocation")
    page = browser.submit(page, page.form_with("national_id"), {"national_id": cnp, "phone": phone})
    code = newest_code(instance, phone)
    page = browser.submit(page, page.form_with("code"), {"code": code}, press="revoke")
    assert page.heading == "Certificatul dvs. este revocat."
    assert responder_says(instance, tmp_path, serial) == "revoked"
    assert (sam_record(instance, credential), on_list(instance, serial)) == (("revoked", 0), "no reason")
    browser.close()
    Caretaker(instance.settings, SystemClock()).make_round()  # or the instance's own, if it was faster
    with sqlite3.connect(instance.settings.zone_dir("sam") / "db.sqlite") as database:
        wanted = "SELECT state FROM own_revocations WHERE credential = ?"
        assert database.execute(wanted, (credential,)).fetchall() == [("carried-out",)]
    database.close()


def person(instance, credential: str) -> tuple[str, str]:
    """Return the personal number and the phone of a credential's signatory."""
    with sqlite3.connect(instance.settings.zone_dir("sam") / "db.sqlite") as database:
        wanted = "SELECT subject_serial, phone FROM credentials WHERE credential = ?"
        serial, phone = database.execute(wanted, (credential,)).fetchone()
    database.close()
    return serial.removeprefix("PNORO-"), phone


def newest_code(instance, phone: str) -> str:
    """Return the code in the newest message that a phone got."""
    found = [json.loads(path.read_text(encoding="utf-8")) for path in instance.settings.outbox().glob("*.json")]
    newest = max((each for each in found if each["to"] == phone), key=lambda each: each["at"])
    return newest["text"].rpartition("#")[2]


def test_a_revocation_asks_first_and_does_nothing_without_a_yes(instance, enrolled):
    serial = enrolled["certificate_serial"]
    asked = instance.paraph("ca", "revoke", serial, "--reason", "superseded", check=False)
    assert asked.returncode == 1
    assert "This cannot be undone" in asked.stderr
    assert sam_record(instance, enrolled["credential"])[0] == "active"


@pytest.mark.parametrize("act", [("suspend",), ("revoke", "--reason", "superseded", "--yes")])
def test_an_unknown_serial_number_is_one_plain_line(instance, act):
    done = instance.paraph("ca", act[0], "5", *act[1:], check=False)
    assert done.returncode == 1
    assert "there is no certificate with this serial number" in done.stderr


def test_a_reason_that_does_not_exist_is_a_wrong_command_line(instance):
    done = instance.paraph("ca", "revoke", "5", "--reason", "boredom", check=False)
    assert done.returncode == 2
    assert "keyCompromise" in done.stderr


def test_nothing_is_unfinished_and_both_logs_are_whole(instance):
    assert json.loads(instance.paraph("ca", "list", "--unfinished", "--json").stdout) == []
    said = instance.paraph("audit", "verify").stdout
    assert "The evidence is whole" in said
    assert "The authority's log is whole" in said
