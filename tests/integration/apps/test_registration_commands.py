"""`paraph ra` on running zones: an approval waits, is activated, is renewed; an officer revokes. Bad input is one line.

The commands run in this process, which spares each of them a second of loading.
"""

from __future__ import annotations

import json
import sqlite3

import pytest
from click.testing import CliRunner, Result

from apps.cli import main
from apps.demo import SAMPLES
from apps.development import Demonstration
from apps.journey import Journey, Report
from core.algorithms import KeyType
from portal import accounts
from tests.support.signed_pdfs import pdfsig

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("instance")]
PEOPLE = iter(range(10, 99))
SAMPLE = SAMPLES / "cerere.pdf"


@pytest.fixture(scope="module")
def client(instance) -> str:
    said = paraph(instance, "client", "add", "--name", "R", "--redirect-uri", "https://r.example.com/", "--json").stdout
    return json.loads(said)["client_id"]


def person(client: str, account: str) -> list[str]:
    """Return the options that describe a new person."""
    number = next(PEOPLE)
    return [
        *("--given-name", "Ioana", "--surname", "Dănilă", "--email", "ioana@example.com"),
        *("--national-id", f"29103034000{number}", "--phone", f"+407230900{number}"),
        *("--client", client, "--account", account),
    ]


def paraph(instance, *arguments: str, code: int = 0) -> Result:
    """Run a command, which must end with this code."""
    done = CliRunner().invoke(main, [*instance.installation.arguments(), *arguments])
    assert done.exit_code == code, done.output
    return done


def said(instance, *arguments: str) -> dict:
    """Return what a command says as JSON."""
    return json.loads(paraph(instance, *arguments, "--json").stdout)


def row(instance, credential: str) -> tuple[str, int, str]:
    """Return a credential's state in the SAM, the length of its wrapped key, and its phone."""
    with sqlite3.connect(instance.settings.zone_dir("sam") / "db.sqlite") as database:
        wanted = "SELECT state, length(wrapped_key), phone FROM credentials WHERE credential = ?"
        found = database.execute(wanted, (credential,)).fetchone()
    database.close()
    return found


def messages(instance, phone: str) -> list[str]:
    """Return what was sent to a phone, oldest first."""
    found = [json.loads(path.read_text(encoding="utf-8")) for path in instance.settings.outbox().glob("*.json")]
    return [each["text"] for each in sorted(found, key=lambda each: each["at"]) if each["to"] == phone]


def test_an_approval_waits_and_is_activated_later(instance, client):
    approved = said(instance, "ra", "approve", *person(client, "waits"))
    waiting = [each for each in said(instance, "ra", "approvals") if each["account"] == "waits"]
    assert [each["approval"] for each in waiting] == [approved["approval"]]
    assert "Ioana Dănilă" in paraph(instance, "ra", "approvals").stdout
    made = said(instance, "ra", "activate", approved["approval"])
    state, _, phone = row(instance, made["credential"])
    assert state == "active"
    assert messages(instance, phone)[0].startswith("Paraph: aveti un certificat de semnare nou, valabil pana la ")
    again = paraph(instance, "ra", "activate", approved["approval"], code=1)
    assert again.stderr == "paraph: the approval can no longer be used: used\n"


def test_a_withdrawn_approval_and_one_that_never_was_are_refused_in_one_line(instance, client):
    approval = said(instance, "ra", "approve", *person(client, "withdrawn"))["approval"]
    assert "is withdrawn" in paraph(instance, "ra", "withdraw", approval).stdout
    for command, name, words in (
        ("activate", approval, "the approval can no longer be used: withdrawn"),
        ("withdraw", approval, "the approval can no longer be used: withdrawn"),
        ("activate", "a-none", "there is no such approval: a-none"),
    ):
        assert paraph(instance, "ra", command, name, code=1).stderr == f"paraph: {words}\n"


def test_a_credential_is_renewed_by_its_name_and_by_its_serial_number(instance, client):
    first = said(instance, "ra", "enrol", *person(client, "renewed"))
    second = said(instance, "ra", "renew", first["credential"])
    assert second["credential"] == first["credential"]
    assert row(instance, first["credential"])[:2] == ("superseded", 0)
    third = said(instance, "ca", "renew", second["certificate_serial"])
    assert row(instance, third["followed_by"])[0] == "active"
    (line,) = said(instance, "ca", "list", "--credential", first["credential"])
    assert (int(line["serial"], 16), line["status"]) == (int(first["certificate_serial"], 16), "good")
    assert "credential superseded" in paraph(instance, "ca", "renew", first["certificate_serial"], code=1).stderr


def test_a_person_identified_anew_replaces_what_they_have_only_when_that_is_said(instance, client):
    who = person(client, "anew")
    first = said(instance, "ra", "enrol", *who)
    assert "already has a live credential" in paraph(instance, "ra", "enrol", *who, code=1).stderr
    second = said(instance, "ra", "enrol", *who, "--anew")
    assert [row(instance, each["credential"])[0] for each in (first, second)] == ["superseded", "active"]


def test_a_renewal_of_what_is_none_is_refused(instance):
    for arguments, words in (
        (("ra", "renew", "c-none"), "there is no such credential"),
        (("ca", "renew", "5"), "there is no certificate with this serial number"),
        (("ca", "renew", said(instance, "ca", "ocsp")["serial"]), "see `paraph ca ocsp`"),
    ):
        assert words in paraph(instance, *arguments, code=1).stderr


def test_nothing_ends_within_a_day_and_that_is_no_failure(instance):
    assert paraph(instance, "ra", "renew", "--ending", "--within", "1", "--json").stdout == ""


@pytest.mark.parametrize(
    "arguments",
    [("renew",), ("renew", "c-1", "--ending"), ("renew", "c-1", "--within", "3"), ("suspend",), ("suspend", "c-1", "--account", "a")],
)  # fmt: skip
def test_a_command_line_that_names_nobody_or_two_is_wrong(instance, arguments):
    assert "Error: Name a CREDENTIAL" in paraph(instance, "ra", *arguments, code=2).stderr


def test_a_wrong_check_digit_is_refused_where_the_settings_say_so(instance, client):
    who = person(client, "digit")
    strict = paraph(instance, "--set", "ca.check_personal_number=true", "ra", "approve", *who, code=1)
    assert "the last digit does not fit the others" in strict.stderr
    assert said(instance, "ra", "approve", *who)["approval"]


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("--surname", "D\N{CYRILLIC SMALL LETTER A}nilă", "mixed scripts"),
        ("--surname", "Popa, CN=Dan", "U+002C COMMA"),
        ("--given-name", "A" * 65, "65 characters, between 1 and 64 are possible"),
        ("--surname", "A" * 60, "NameTooLong"),  # what the CA refuses takes the approval back
    ],
)
def test_a_name_that_no_certificate_may_have_is_refused_in_one_line(instance, client, option, value, words):
    who = person(client, "named")
    who[who.index(option) + 1] = value
    assert words in paraph(instance, "ra", "enrol", *who, code=1).stderr
    assert [each for each in said(instance, "ra", "approvals") if each["account"] == "named"] == []


def test_an_officer_who_signs_in_revokes_the_credential_of_an_account(instance, client):
    made = said(instance, "ra", "enrol", *person(client, "phoned"))
    whose = ("--client", client, "--account", "phoned")
    asked = paraph(instance, "ra", "revoke", *whose, "--reason", "keyCompromise", code=1)
    assert "Revoke the certificate of Ioana Dănilă?" in asked.stderr
    done = said(instance, "ra", "revoke", *whose, "--reason", "keyCompromise", "--yes", "--as", "mihai")
    assert (done["credential"], done["status"]) == (made["credential"], "revoked")
    state, key, phone = row(instance, made["credential"])
    assert (state, key) == ("revoked", 0)
    assert "a fost revocat" in messages(instance, phone)[-1]
    with sqlite3.connect(instance.settings.zone_dir("ca") / "db.sqlite") as database:
        (body,) = database.execute("SELECT body FROM audit WHERE event = 'status changed' ORDER BY id DESC").fetchone()
    database.close()
    assert b"admin mihai" in body
    again = paraph(instance, "ra", "revoke", *whose, "--reason", "superseded", "--yes", code=1)
    assert "there is no such credential" in again.stderr


@pytest.mark.parametrize("key_type", [KeyType.EC_P384, KeyType.RSA_3072])
def test_a_document_is_signed_with_every_kind_of_key(instance, tmp_path, key_type):
    """Through the portal, as with the usual P-256 key; the portal verifies what it gets back."""
    citizen = Demonstration(f"{key_type.value}@example.com", "a long enough password", name="Ioana Dănilă")
    account = accounts.add(instance.state, citizen.email, citizen.password, citizen.name)
    portal = json.loads((instance.state / "portal" / "client.json").read_bytes())["client_id"]
    said(instance, "--set", f"sam.signatory_key={key_type.value}", "ra", "enrol", *person(portal, account))
    (signed,) = Journey(instance.settings, citizen, Report()).run([SAMPLE], tmp_path)
    assert pdfsig(signed.signed.read_bytes()).valid == [True]
