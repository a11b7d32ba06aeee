"""The `paraph` command against a running instance: what it does, what it refuses, and in which words."""

import json
import re

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("instance")]

BOGDAN = {
    "given-name": "Bogdan-Ștefan",
    "surname": "Țăranu",
    "national-id": "1850415400019",
    "phone": "+40722000111",
    "email": "bogdan@example.com",
    "account": "bogdan-1",
}


@pytest.fixture(scope="module")
def client(instance, tmp_path_factory):
    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    path = tmp_path_factory.mktemp("key") / "request.pem"
    path.write_bytes(key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    done = instance.paraph(
        "client", "add", "--name", "Primăria B", "--sms-name", "Primaria B",
        "--redirect-uri", "https://b.example.com/back", "--request-key", str(path), "--json",
    )  # fmt: skip
    return json.loads(done.stdout)


def enrol(instance, portal, check=True, **changes):
    values = {**BOGDAN, "client": portal["client_id"], **{name.replace("_", "-"): v for name, v in changes.items()}}
    options = [part for name, value in values.items() for part in (f"--{name}", value)]
    return instance.paraph("ra", "enrol", *options, "--json", check=check)


@pytest.fixture(scope="module")
def credential(instance, client):
    return json.loads(enrol(instance, client).stdout)


def test_a_client_gets_an_id_and_a_secret_that_no_file_of_the_service_holds(instance, client):
    assert len(client["client_secret"]) == 43
    held = client["client_secret"].encode()
    for zone in ("web", "sam", "logs"):
        for path in (instance.state / zone).rglob("*"):
            assert not path.is_file() or held not in path.read_bytes(), path


def test_an_enrolled_signatory_has_a_certificate_with_every_diacritic(instance, credential):
    shown = instance.paraph("ca", "show", credential["certificate_serial"]).stdout
    assert "Bogdan-Ștefan Țăranu" in shown
    listed = json.loads(instance.paraph("ca", "list", "--json").stdout)
    assert listed[0]["serial"].lstrip("0") == credential["certificate_serial"].lstrip("0")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"national_id": "1234"}, "thirteen digits"),
        ({"national_id": "1851315400019"}, "date of birth"),
        ({"phone": "0722000111"}, "country code"),
        ({"phone": "+40213100000"}, "mobile"),
        ({"email": "bogdan@"}, "mail"),
        ({"client": "client-nobody"}, "no such client"),
        ({}, "already has a live credential"),
        ({"national_id": "1850415400027", "account": "other"}, "already has a live credential"),
    ],
)
def test_an_enrolment_is_refused_in_one_plain_line(instance, client, credential, changes, words):
    done = enrol(instance, client, check=False, **changes)
    assert done.returncode == 1
    assert words in done.stderr
    assert done.stderr.startswith("paraph: ")
    assert done.stderr.count("\n") == 1
    assert BOGDAN["national-id"] not in done.stderr


def test_a_client_with_a_bad_redirect_is_refused_and_known_to_nobody(instance):
    done = instance.paraph("client", "add", "--name", "X", "--redirect-uri", "http://x.example.com/", check=False)
    assert (done.returncode, "https" in done.stderr) == (1, True)


def test_a_client_whose_key_the_sam_refuses_is_known_to_neither(instance, tmp_path):
    key = ec.generate_private_key(ec.SECP384R1()).public_key()
    (tmp_path / "k.pem").write_bytes(key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    before = (instance.state / "web" / "db.sqlite").stat().st_size
    done = instance.paraph(
        "client", "add", "--name", "Unwanted", "--redirect-uri", "https://u.example.com/",
        "--request-key", str(tmp_path / "k.pem"), check=False,
    )  # fmt: skip
    assert (done.returncode, "P-256" in done.stderr) == (1, True)
    assert before


def test_a_credential_is_suspended_and_resumed(instance, credential):
    for command, state in ((("suspend",), "suspended"), (("resume", "--as", "elena"), "active")):
        assert state in instance.paraph("ra", *command, credential["credential"]).stdout
    done = instance.paraph("ra", "suspend", "c-nobody", check=False)
    assert (done.returncode, "no such credential" in done.stderr) == (1, True)


def test_the_authority_publishes_a_new_list(instance):
    first = json.loads(instance.paraph("ca", "crl", "--json").stdout)
    second = json.loads(instance.paraph("ca", "crl", "--json").stdout)
    assert second["number"] == first["number"] + 1


def test_an_unknown_serial_number_is_refused(instance):
    done = instance.paraph("ca", "show", "abcdef", check=False)
    assert (done.returncode, "no certificate with this serial" in done.stderr) == (1, True)


def test_the_evidence_is_verified(instance, credential):
    assert re.search(r"whole: \d+ rows", instance.paraph("audit", "verify").stdout)


def test_doctor_finds_nothing_wrong_with_a_healthy_instance(instance):
    done = instance.paraph("doctor", check=False)
    assert (done.returncode, "Nothing is wrong." in done.stdout) == (0, True), done.stdout


def test_an_unknown_setting_is_refused_by_name(instance):
    done = instance.paraph("--set", "web.wrokers=2", "health", check=False)
    assert (done.returncode, "wrokers" in done.stderr) == (1, True)
