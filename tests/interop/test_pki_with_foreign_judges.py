"""What the authority makes, judged by pkilint and openssl: keys on real tokens, RSA-4096 and P-384, both markings."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from ca import crl, profiles
from ca.acts import CloseAuthority
from ca.lint import lint
from ca.names import LegalPerson, legal_person_name
from ca.protocol import REVOCATION_REASONS
from ca.signing import sign
from core.algorithms import KeyType
from tests.support.ca_bench import DAN, CaBench
from tests.support.clocks import FakeClock
from tests.support.software_hsm import SoftwareSigningKey
from tests.support.tokens import signing_token

TOOLS = Path(sys.executable).parent
CASES = [("rsa-4096", "honest"), ("ec-p384", "full")]  # each key type and each marking once: they do not touch
TYPES = {"honest": "NCP-NATURAL-PERSON-CERTIFICATE", "full": "QCP-N-QSCD-EIDAS-FINAL-CERTIFICATE"}


class Made:
    """The files of one authority, for tools that take files."""

    def __init__(self, folder: Path, bench: CaBench, marking: str) -> None:
        self.folder = folder
        self.bench = bench
        self.type = TYPES[marking]
        for key_type in (KeyType.EC_P256, KeyType.RSA_3072):
            self.write(f"signatory-{key_type.value}.pem", bench.issue(SoftwareSigningKey(key_type)))
        self.write("root.pem", x509.load_der_x509_certificate(bench.made.root))
        self.write("issuing.pem", x509.load_der_x509_certificate(bench.made.issuing))
        for kind in SERVICES:
            self.write(f"{kind}.pem", bench.certify(kind))
        city = legal_person_name(LegalPerson("Primăria Sectorului 3", "NTRRO-J40/1234/2020", "Primăria Sectorului 3"))
        draft = bench.draft(profile=profiles.seal(bench.settings.ca), subject=city)
        self.write("seal.pem", sign(lint(draft), bench.issuing_key))
        self.revoke_some()
        for name in ("root.crl", "issuing.crl"):
            (folder / name).write_bytes((bench.settings.published() / name).read_bytes())

    def revoke_some(self) -> None:
        """Have a certificate for each reason on the list, one with an invalidity date, one suspended."""
        serials = [f"{self.bench.issue(**DAN).serial_number:x}" for _ in range(len(REVOCATION_REASONS) + 1)]
        for serial, reason in zip(serials, REVOCATION_REASONS, strict=False):
            since = self.bench.clock.now() if reason == "keyCompromise" else None
            self.bench.admin.revoke(serial, reason, since)
        self.bench.admin.suspend(serials[-1])

    def write(self, name: str, certificate: x509.Certificate) -> None:
        (self.folder / name).write_bytes(certificate.public_bytes(Encoding.PEM))

    def run(self, *command: str) -> str:
        """Run a tool on the files; return what it says, which must be success."""
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    def lint(self, tool: str, *arguments: str) -> None:
        """Run a linter, which must find nothing to remark at WARNING or above."""
        assert self.run(str(TOOLS / tool), "lint", *arguments).strip() == ""


@pytest.fixture(scope="module", params=CASES, ids=["-".join(case) for case in CASES])
def made(request, tmp_path_factory):
    key, marking = request.param
    folder = tmp_path_factory.mktemp("pki")
    store = folder / "store"
    keys = {
        f"{name}_key": signing_token(folder / name, f"paraph-{name}", name, KeyType(key), store=store)
        for name in ("root", "issuing")
    }
    clock = FakeClock(datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=1))  # openssl has the real time
    bench = CaBench(folder / "state", key=key, marking=marking, clock=clock, **keys)
    return Made(folder, bench, marking)


SERVICES = ["ocsp", "tsu", "list-signer"]
SIGNATORIES = ["signatory-ec-p256.pem", "signatory-rsa-3072.pem"]


@pytest.mark.parametrize("name", SIGNATORIES)
def test_pkilint_finds_nothing_in_a_signatorys_certificate__en_319_412_2(made, name):
    made.lint("lint_etsi_cert", "-t", made.type, "-s", "WARNING", name)


def test_pkilint_finds_nothing_in_a_seal__en_319_412_3(made):
    made.lint("lint_etsi_cert", "-t", "NCP-LEGAL-PERSON-CERTIFICATE", "-s", "WARNING", "seal.pem")


END_ENTITIES = [*SIGNATORIES, "seal.pem", *(f"{kind}.pem" for kind in SERVICES)]


@pytest.mark.parametrize("name", ["root.pem", "issuing.pem", *END_ENTITIES])
def test_pkilint_finds_nothing_against_rfc5280(made, name):
    made.lint("lint_pkix_cert", "-s", "WARNING", name)


@pytest.mark.parametrize("pair", [("root.pem", "issuing.pem"), *(("issuing.pem", name) for name in END_ENTITIES)])
def test_pkilint_finds_nothing_between_issuer_and_subject(made, pair):
    made.lint("lint_pkix_signer_signee_cert_chain", "-s", "WARNING", *pair)


# The rules for web servers ("BR") know no suspension: the root's list, which has none, is held against them too.
@pytest.mark.parametrize(
    ("kind", "name", "profile"),
    [("CRL", "issuing.crl", "PKIX"), ("ARL", "root.crl", "PKIX"), ("ARL", "root.crl", "BR")],
)
def test_pkilint_finds_nothing_in_the_lists__rfc5280_5(made, kind, name, profile):
    made.lint("lint_crl", "-t", kind, "-p", profile, "-s", "WARNING", name)


@pytest.mark.parametrize("name", END_ENTITIES)
def test_openssl_accepts_the_chain(made, name):
    said = made.run("openssl", "verify", "-x509_strict", "-CAfile", "root.pem", "-untrusted", "issuing.pem", name)
    assert said.strip() == f"{name}: OK"


def test_openssl_accepts_the_chain_with_the_lists(made):
    for name in ("root", "issuing"):
        made.run("openssl", "crl", "-in", f"{name}.crl", "-inform", "DER", "-out", f"{name}-crl.pem")
    lists = "".join((made.folder / f"{name}-crl.pem").read_text() for name in ("root", "issuing"))
    (made.folder / "lists.pem").write_text(lists)
    command = "openssl verify -x509_strict -crl_check_all -CRLfile lists.pem -CAfile root.pem -untrusted issuing.pem"
    made.run(*command.split(), SIGNATORIES[0])


@pytest.mark.parametrize("name", ["root", "issuing"])
def test_openssl_verifies_the_lists(made, name):
    said = made.run(
        "openssl", "crl", "-in", f"{name}.crl", "-inform", "DER", "-CAfile", f"{name}.pem", "-noout", "-verify"
    )
    assert "verify OK" in said


def test_openssl_reads_the_names_with_their_diacritics(made):
    subject = made.run(
        "openssl", "x509", "-in", SIGNATORIES[0], "-noout", "-subject", "-nameopt", "utf8,sep_multiline,lname"
    )
    lines = [line.strip() for line in subject.splitlines()[1:]]
    assert lines == [
        "countryName=RO",
        "surname=Brânză-Țuțea",
        "givenName=Ștefăniță Ioana",
        "serialNumber=PNORO-2900101400016",
        "commonName=Ștefăniță Ioana Brânză-Țuțea",
    ]


PURPOSES = {"ocsp.pem": "ocsphelper", "tsu.pem": "timestampsign"}


@pytest.mark.parametrize("name", PURPOSES)
def test_openssl_accepts_a_part_of_the_service_for_its_task(made, name):
    command = "openssl verify -x509_strict -CAfile root.pem -untrusted issuing.pem -purpose"
    made.run(*command.split(), PURPOSES[name], name)


def test_openssl_makes_a_request_that_the_authority_takes__rfc2986(made):
    made.run(
        *[
            "openssl",
            "req",
            "-new",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-keyout",
            "k.pem",
            "-out",
            "r.pem",
        ],
        "-subj",
        "/C=RO/O=Test Trust Provider SRL/CN=TEST made with openssl",
    )
    made.run(*["openssl", "req", "-in", "r.pem", "-outform", "DER", "-out", "r.der"])
    made.bench.admin.certify("tsu", (made.folder / "r.der").read_bytes())


def test_openssl_sees_every_reason_on_the_list__rfc5280_5_3_1(made):
    said = made.run("openssl", "crl", "-in", "issuing.crl", "-inform", "DER", "-noout", "-text")
    names = ["Key Compromise", "Affiliation Changed", "Superseded", "Cessation Of Operation", "Privilege Withdrawn"]
    assert [name for name in (*names, "Certificate Hold") if name in said] == [*names, "Certificate Hold"]
    assert said.count("Serial Number") == len(names) + 2
    assert "Invalidity Date" in said


def test_pkilint_finds_nothing_in_the_last_list__css_6_3_9_06(made, tmp_path):
    bench = CaBench(tmp_path / "state", clock=FakeClock(made.bench.clock.now()))
    bench.decide(CloseAuthority())
    (made.folder / "last.crl").write_bytes((bench.settings.published() / "issuing.crl").read_bytes())
    made.lint("lint_crl", "-t", "CRL", "-p", "PKIX", "-s", "WARNING", "last.crl")


SERIALS = [1, 0x7F, 0x80, 0xFF, 1 << 63, (1 << 64) - 1, 1 << 127, (1 << 159) - 1, 1 << 158, 0x0123456789ABCDEF]


def test_openssl_finds_every_serial_number_on_the_list__attack_o12(made):
    now = made.bench.clock.now()
    entries = [
        x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(now).build() for serial in SERIALS
    ]
    bench = made.bench
    built = crl.build(
        bench.issuer, bench.issuing_key, number=9, this_update=now, next_update=now + crl.LIFE, entries=entries
    )
    (made.folder / "revoked.crl").write_bytes(built.public_bytes(Encoding.DER))
    said = made.run(
        "openssl", "crl", "-in", "revoked.crl", "-inform", "DER", "-noout", "-text", "-CAfile", "issuing.pem"
    )
    found = [int(line.split(":")[1], 16) for line in said.splitlines() if "Serial Number" in line]
    assert sorted(found) == sorted(SERIALS)
    made.lint("lint_crl", "-t", "CRL", "-p", "PKIX", "-s", "WARNING", "revoked.crl")


def test_openssl_refuses_a_certificate_that_is_on_the_list__attack_o12(made):
    now, bench = made.bench.clock.now(), made.bench
    certificate = x509.load_pem_x509_certificate((made.folder / SIGNATORIES[0]).read_bytes())
    entry = x509.RevokedCertificateBuilder().serial_number(certificate.serial_number).revocation_date(now).build()
    built = crl.build(
        bench.issuer, bench.issuing_key, number=9, this_update=now, next_update=now + crl.LIFE, entries=[entry]
    )
    (made.folder / "one.pem").write_bytes(built.public_bytes(Encoding.PEM))
    command = [
        "openssl",
        "verify",
        "-crl_check",
        "-CRLfile",
        "one.pem",
        "-CAfile",
        "root.pem",
        "-untrusted",
        "issuing.pem",
    ]
    done = subprocess.run(
        [*command, SIGNATORIES[0]], cwd=made.folder, capture_output=True, text=True, check=False, env=dict(os.environ)
    )
    assert done.returncode != 0
    assert "certificate revoked" in done.stdout + done.stderr
    made.run(*command, SIGNATORIES[1])


def test_a_linter_that_finds_something_says_so(made):
    """The twin: the same commands are not blind."""
    stranger = "NCP-LEGAL-PERSON-CERTIFICATE"
    done = subprocess.run(
        [str(TOOLS / "lint_etsi_cert"), "lint", "-t", stranger, "-s", "WARNING", SIGNATORIES[0]],
        cwd=made.folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode > 0
    assert done.stdout
