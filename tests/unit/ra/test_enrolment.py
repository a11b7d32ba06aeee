"""Enrolment through the real SAM and the real CA, their keys in memory, every message encoded as on the wire."""

from __future__ import annotations

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID
from sqlalchemy import text

from ca.client import CaClient
from ca.protocol import NotLinted
from core.algorithms import KeyType
from core.errors import Unavailable
from ra.applicant import Applicant
from ra.enrolment import Account, Enrolments
from signer.sam.client import SamAdmin
from signer.sam.errors import AlreadyEnrolled, CertificateMismatch, CredentialNotUsable, PortalUnknown
from signer.sam.protocol import ADMIN, DescribeCredential, SetState
from tests.support.ca_bench import CaBench
from tests.support.in_process import US, InProcess
from tests.support.sam_bench import Workbench

ACCOUNT = Account(client="portal-a", account="stefanita")


class Bench:
    """A SAM and a CA that know each other."""

    def __init__(self, folder) -> None:
        self.sam = Workbench(folder)
        self.ca = CaBench(folder / "state", clock=self.sam.clock, sam_key=self.sam.keys.attestation)
        self.trust(self.ca.made.issuing)
        self.ca_client = CaClient(self.ca.caller)

    def trust(self, issuing_der: bytes) -> None:
        """Have the SAM trust this issuing CA."""
        self.sam.ca.certificate = x509.load_der_x509_certificate(issuing_der)
        self.sam.sam = self.sam.start()
        self.admin = InProcess(ADMIN, self.sam.sam.admin_server(US))

    def enrol(self, applicant, account=ACCOUNT, key_type=KeyType.EC_P256):
        return Enrolments(SamAdmin(self.admin), self.ca_client, key_type).enrol(applicant, account)


@pytest.fixture
def bench(tmp_path):
    return Bench(tmp_path)


def applicant(**changes) -> Applicant:
    person = {
        "given_name": "Ștefăniță",
        "surname": "Brânză-Țuțea",
        "national_id": "5010203400018",
        "phone": "+40722000333",
        "email": "stefanita@example.com",
    }
    return Applicant(**(person | changes))


def test_a_vetted_person_gets_an_active_credential_with_a_certificate(bench):
    made = bench.enrol(applicant())
    view = bench.sam.ask(DescribeCredential("portal-a", made.credential))
    assert (view.state, view.certificates) == ("active", [made.certificate, bench.ca.made.issuing])
    assert made.issuer == bench.ca.made.issuing


@pytest.mark.parametrize("key_type", [KeyType.EC_P256, KeyType.RSA_3072])
def test_the_certificate_says_the_name_with_its_diacritics(bench, key_type):
    subject = x509.load_der_x509_certificate(bench.enrol(applicant(), key_type=key_type).certificate).subject
    values = [subject.get_attributes_for_oid(oid)[0].value for oid in (NameOID.GIVEN_NAME, NameOID.SURNAME)]
    assert values == ["Ștefăniță", "Brânză-Țuțea"]


def test_the_validity_begins_with_the_activation(bench):
    bench.sam.clock.advance(hours=5)
    certificate = x509.load_der_x509_certificate(bench.enrol(applicant()).certificate)
    assert certificate.not_valid_before_utc == bench.sam.clock.now()


@pytest.mark.parametrize(
    "same",
    [{"national_id": "5010203400018"}, {"phone": "+40722000333"}, {}],
)
def test_a_person_phone_or_account_is_enrolled_once__attack_z8(bench, same):
    bench.enrol(applicant())
    other = {"national_id": "6020304400019", "phone": "+40722000444"}
    account = Account(client="portal-b", account="stefanita") if same else ACCOUNT
    with pytest.raises(AlreadyEnrolled):
        bench.enrol(applicant(**(other | same)), account)
    assert len(bench.ca_client.list()) == 1


def test_another_person_at_another_account_is_enrolled(bench):
    bench.enrol(applicant())
    bench.enrol(
        applicant(national_id="6020304400019", phone="+40722000444"), Account(client="portal-b", account="stefanita")
    )
    assert len(bench.ca_client.list()) == 2


def test_an_unknown_portal_gets_nothing(bench):
    with pytest.raises(PortalUnknown):
        bench.enrol(applicant(), Account(client="portal-x", account="a"))
    assert bench.ca_client.list() == []


def test_a_ca_that_does_not_answer_leaves_nothing_in_the_way(bench):
    bench.ca.caller.down = True
    with pytest.raises(Unavailable):
        bench.enrol(applicant())
    bench.ca.caller.down = False
    assert bench.enrol(applicant()).certificate


def test_a_lost_answer_of_the_ca_leaves_a_certificate_on_record_and_no_credential_for_it(bench):
    bench.ca.caller.fails_after = {"IssueCertificate"}
    with pytest.raises(Unavailable):
        bench.enrol(applicant())
    bench.ca.caller.fails_after = set()
    made = bench.enrol(applicant())
    newest, lost = bench.ca_client.list()
    serial = x509.load_der_x509_certificate(made.certificate).serial_number
    assert int(newest.serial, 16) == serial != int(lost.serial, 16)


def test_a_name_that_the_ca_refuses_leaves_nothing_in_the_way(bench):
    with pytest.raises(NotLinted):
        bench.enrol(applicant(surname="Popa, CN=Dan"))
    assert bench.enrol(applicant()).certificate


def test_a_certificate_of_another_ca_is_not_taken_and_leaves_nothing_in_the_way(bench, tmp_path):
    bench.trust(CaBench(tmp_path / "stranger").made.issuing)
    with pytest.raises(CertificateMismatch):
        bench.enrol(applicant())
    bench.trust(bench.ca.made.issuing)
    assert bench.enrol(applicant()).certificate


def test_a_sam_that_is_lost_on_the_way_tells_the_first_failure(bench, caplog):
    class Dying(CaClient):
        def issue(self, attestation):
            bench.admin.down = True
            raise Unavailable("ca: timed out")

    bench.ca_client = Dying(bench.ca.caller)
    with pytest.raises(Unavailable, match="ca: timed out"):
        bench.enrol(applicant())
    assert "pending credential left behind" in caplog.text


def test_a_pending_credential_can_be_given_up_and_nothing_else(bench):
    bench.ca.caller.down = True
    honest, bench.admin.call = bench.admin.call, None

    def call(request, reply):
        if isinstance(request, SetState):
            for state in ("active", "suspended"):
                with pytest.raises(CredentialNotUsable):
                    honest(SetState(request.credential, state), reply)
        return honest(request, reply)

    bench.admin.call = call
    with pytest.raises(Unavailable):
        bench.enrol(applicant())
    assert bench.admin.calls.count("SetState") == 3


@pytest.mark.parametrize("allowed", [False, True])
def test_the_lower_trust_mode_is_asked_for_by_name(bench, allowed):
    made = bench.enrol(applicant(), Account(client="portal-a", account="s", allow_carried=allowed))
    with bench.sam.database.reading() as connection:
        wanted = text("SELECT allow_carried FROM credentials WHERE credential = :credential")
        assert connection.scalar(wanted, {"credential": made.credential}) == int(allowed)
