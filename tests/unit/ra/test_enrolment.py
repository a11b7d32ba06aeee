"""Enrolment through the real SAM and the real CA, their keys in memory, every message encoded as on the wire."""

from __future__ import annotations

from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID

from ca.client import CaClient
from ca.protocol import NotLinted
from core.algorithms import KeyType
from core.approvals import ApprovalLapsed
from core.errors import RecordStale, RecordTampered, Unavailable, UnknownAlgorithm
from core.factors import SmsNotSent
from otp.delivery.ports import NotDelivered
from ra.enrolment import Account
from signer.sam.errors import (
    AlreadyApproved,
    AlreadyEnrolled,
    ApprovalNotOpen,
    ApprovalUnknown,
    CertificateMismatch,
    CredentialNotUsable,
    PortalUnknown,
    SignatureFaulty,
)
from signer.sam.protocol import Activate, MakeKey, SetState
from tests.support.ca_bench import CaBench
from tests.support.registration_bench import ACCOUNT, RegistrationBench, applicant, serial_of


@pytest.fixture
def bench(tmp_path):
    return RegistrationBench(tmp_path)


def test_a_vetted_person_gets_an_active_credential_with_a_certificate(bench):
    made = bench.enrol(applicant())
    view = bench.view(made)
    assert (view.state, view.certificates) == ("active", [made.certificate, bench.ca.made.issuing])
    assert made.issuer == bench.ca.made.issuing


@pytest.mark.parametrize("key_type", [KeyType.EC_P256, KeyType.EC_P384, KeyType.RSA_3072])
def test_the_certificate_says_the_name_with_its_diacritics(bench, key_type):
    made = bench.enrolments(key_type).enrol(applicant(), ACCOUNT)
    assert bench.view(made).key_type == key_type.value
    subject = x509.load_der_x509_certificate(made.certificate).subject
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


@pytest.mark.parametrize("key_type", [KeyType.RSA_4096, KeyType.EC_P256])
def test_a_key_type_that_signatories_do_not_have_is_refused(bench, key_type):
    approved = bench.enrolments().approve(applicant(), ACCOUNT)
    asked = MakeKey(approved.approval, key_type.value if key_type.is_rsa else "ec-p521")
    with pytest.raises(UnknownAlgorithm):
        bench.sam.admin(asked)
    assert bench.enrolments().activate(approved.approval).certificate


# -- approval, and activation later --------------------------------------------------------------------------------------


def test_an_approval_waits_and_is_activated_within_its_days(bench):
    approved = bench.enrolments().approve(applicant(), ACCOUNT)
    assert approved.activate_by == bench.clock.now() + timedelta(days=7)
    assert bench.ca_client.list() == []
    (waiting,) = bench.sam_admin.open_approvals()
    assert (waiting.approval, waiting.name) == (approved.approval, "Ștefăniță Brânză-Țuțea")
    bench.clock.advance(days=6, hours=23)
    assert bench.view(bench.enrolments().activate(approved.approval)).state == "active"
    assert bench.sam_admin.open_approvals() == []


def test_an_approval_that_was_not_activated_in_its_days_lapses(bench):
    approved = bench.enrolments().approve(applicant(), ACCOUNT)
    bench.clock.advance(days=7)
    with pytest.raises(ApprovalLapsed):
        bench.enrolments().activate(approved.approval)
    assert bench.sam_admin.open_approvals() == []
    assert (bench.ca_client.list(), bench.sam.uses) == ([], [])
    assert bench.enrol().certificate  # identified again


def test_a_key_made_in_time_and_certified_in_time_is_not_activated_too_late(bench):
    approved = bench.enrolments().approve(applicant(), ACCOUNT)
    bench.clock.advance(days=6, hours=23)
    made = bench.sam_admin.make_key(MakeKey(approved.approval, "ec-p256"))
    issued = bench.ca_client.issue(made.attestation, made.request)
    bench.clock.advance(hours=1)
    with pytest.raises(ApprovalLapsed):
        bench.sam_admin.activate(Activate(made.credential, issued.certificate))
    assert bench.state(made.credential) == "pending"


def test_the_word_for_a_key_is_worth_nothing_once_its_approval_has_lapsed(bench):
    approved = bench.enrolments().approve(applicant(), ACCOUNT)
    made = bench.sam_admin.make_key(MakeKey(approved.approval, "ec-p256"))
    bench.clock.advance(days=7)
    with pytest.raises(ApprovalLapsed):
        bench.ca_client.issue(made.attestation, made.request)
    assert bench.ca_client.list() == []


def test_an_approval_is_used_once(bench):
    approved = bench.enrolments().approve(applicant(), ACCOUNT)
    bench.enrolments().activate(approved.approval)
    with pytest.raises(ApprovalNotOpen, match="used"):
        bench.enrolments().activate(approved.approval)
    assert len(bench.ca_client.list()) == 1


def test_a_withdrawn_approval_makes_no_credential(bench):
    approved = bench.enrolments().approve(applicant(), ACCOUNT)
    bench.sam_admin.withdraw(approved.approval)
    with pytest.raises(ApprovalNotOpen, match="withdrawn"):
        bench.enrolments().activate(approved.approval)
    with pytest.raises(ApprovalNotOpen):
        bench.sam_admin.withdraw(approved.approval)
    with pytest.raises(ApprovalUnknown):
        bench.sam_admin.withdraw("a-none")
    assert bench.enrol().certificate


@pytest.mark.parametrize("same", [{"national_id": "5010203400018"}, {"phone": "+40722000333"}, {}])
def test_one_approval_waits_for_a_person_a_phone_an_account__attack_z8(bench, same):
    waiting = bench.enrolments().approve(applicant(), ACCOUNT)
    account = Account(client="portal-b", account="stefanita") if same else ACCOUNT
    person = applicant(**({"national_id": "6020304400019", "phone": "+40722000444"} | same))
    with pytest.raises(AlreadyApproved, match=waiting.approval):
        bench.enrolments().approve(person, account)
    bench.clock.advance(days=7)
    assert bench.enrolments().approve(person, account).approval
    assert bench.events[-2:] == ["approval lapsed", "approved"]


@pytest.mark.parametrize(
    ("column", "value"),
    [("approved_at", 1_900_000_000_000_000), ("phone", "+40722000999"), ("state", "used"), ("replaces", "c-1")],
)
def test_an_approval_rewritten_in_the_database_is_refused__attack_w3(bench, column, value):
    approved = bench.enrolments().approve(applicant(), ACCOUNT)

    def write(values):
        with bench.sam.database.transaction() as connection:
            before = f"SELECT {column} FROM approvals WHERE approval = ?"
            kept = connection.exec_driver_sql(before, (approved.approval,)).scalar()
            connection.exec_driver_sql(
                f"UPDATE approvals SET {column} = ? WHERE approval = ?", (values, approved.approval)
            )
        return kept

    before = write(value)
    with pytest.raises(RecordTampered):
        bench.enrolments().activate(approved.approval)
    write(before)
    assert bench.enrolments().activate(approved.approval).certificate


def test_a_used_approval_put_back_as_it_was_makes_no_second_credential__attack_d2(bench):
    approved = bench.enrolments().approve(applicant(), ACCOUNT)
    with bench.sam.database.reading() as connection:
        before = connection.exec_driver_sql("SELECT * FROM approvals WHERE account = 'stefanita'").mappings().one()
    made = bench.enrolments().activate(approved.approval)
    bench.requests.revoke(serial_of(made), "keyCompromise")
    columns = ", ".join(f"{name} = ?" for name in before)
    with bench.sam.database.transaction() as connection:
        put_back = f"UPDATE approvals SET {columns} WHERE account = 'stefanita'"
        connection.exec_driver_sql(put_back, tuple(before.values()))
    for _ in range(2):
        with pytest.raises(RecordStale, match="approvals, version 1"):
            bench.enrolments().activate(approved.approval)
        bench.start()  # a process that has not seen the newer one is not deceived either
    assert len(bench.ca_client.list()) == 1


# -- what fails on the way ------------------------------------------------------------------------------------------------


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
        def issue(self, attestation, request_der):
            bench.admin.down = True
            raise Unavailable("ca: timed out")

    bench.ca_client = Dying(bench.ca.caller)
    with pytest.raises(Unavailable, match="ca: timed out"):
        bench.enrol(applicant())
    assert "approval left behind" in caplog.text
    bench.admin.down = False
    (waiting,) = bench.sam_admin.open_approvals()
    bench.ca_client = CaClient(bench.ca.caller)
    assert bench.enrolments().activate(waiting.approval).certificate


def test_an_approval_that_was_there_before_survives_a_failed_activation(bench):
    approved = bench.enrolments().approve(applicant(), ACCOUNT)
    bench.ca.caller.down = True
    with pytest.raises(Unavailable):
        bench.enrolments().activate(approved.approval)
    bench.ca.caller.down = False
    made = bench.enrolments().activate(approved.approval)
    assert bench.events.count("key destroyed") == 1  # of the first attempt
    assert bench.state(made.credential) == "active"


def test_a_token_that_is_gone_makes_no_credential_and_the_approval_waits(bench):
    approved = bench.enrolments().approve(applicant(), ACCOUNT)
    bench.sam.keys.vault.broken = True
    with pytest.raises(Unavailable):
        bench.enrolments().activate(approved.approval)
    assert (bench.ca_client.list(), len(bench.sam_admin.open_approvals())) == ([], 1)
    bench.sam.keys.vault.broken = False
    assert bench.enrolments().activate(approved.approval).certificate


def test_a_key_whose_signature_does_not_verify_is_not_certified__attack_y8(bench):
    approved = bench.enrolments().approve(applicant(), ACCOUNT)
    bench.sam.keys.vault.faulty = True
    with pytest.raises(SignatureFaulty):
        bench.enrolments().activate(approved.approval)
    assert bench.ca_client.list() == []


def test_an_answer_of_the_sam_that_was_lost_leaves_the_credential_active(bench):
    bench.admin.fails_after = {"Activate"}
    with pytest.raises(Unavailable):
        bench.enrol()
    (line,) = bench.ca_client.list()
    assert bench.state(line.credential) == "active"


def test_a_crash_between_the_two_leaves_a_certificate_that_can_be_found_and_revoked(bench):
    approved = bench.enrolments().approve(applicant(), ACCOUNT)
    lost = bench.sam_admin.make_key(MakeKey(approved.approval, "ec-p256"))
    bench.ca_client.issue(lost.attestation, lost.request)  # and nobody takes it
    made = bench.enrolments().activate(approved.approval)
    (found,) = bench.ca_client.list(credential=lost.credential)
    assert found.status == "good"
    assert bench.requests.revoke(found.serial, "cessationOfOperation").status == "revoked"
    assert bench.ca_client.list(credential=lost.credential)[0].status == "revoked"
    assert (bench.state(lost.credential), bench.state(made.credential)) == ("revoked", "active")
    assert bench.ca_client.list(credential=made.credential)[0].serial == serial_of(made)


def test_a_pending_credential_can_be_revoked_and_nothing_else(bench):
    made = bench.sam_admin.make_key(MakeKey(bench.enrolments().approve(applicant(), ACCOUNT).approval, "ec-p256"))
    for state in ("active", "suspended"):
        with pytest.raises(CredentialNotUsable):
            bench.sam_admin.set_state(SetState(made.credential, state))
    bench.sam_admin.set_state(SetState(made.credential, "revoked"))
    assert bench.column("length(wrapped_key)", made.credential) == 0
    assert bench.sam.phone.notices[2:] == []  # nobody was told that they have it


# -- what the signatory is told -------------------------------------------------------------------------------------------


def test_a_new_credential_is_announced_before_it_can_sign__attack_z8(bench):
    states = []
    honest = bench.sam.phone.send

    def send(sms):
        with bench.sam.database.reading() as connection:
            states.append(connection.exec_driver_sql("SELECT state FROM credentials WHERE account = 'stefanita'").all())
        honest(sms)

    bench.sam.phone.send = send
    bench.enrol()
    assert states == [[("pending",)]]
    sms = bench.sam.phone.notices[-1]
    assert sms.to == "+40722000333"
    assert sms.text == (
        "Paraph: aveti un certificat de semnare nou, valabil pana la 22.02.2027. "
        "Nu l-ati cerut? Sunati la 021 000 00 00."
    )


def test_without_a_gateway_no_key_is_made_and_nothing_is_left(bench):
    bench.sam.phone.fails = True
    with pytest.raises(SmsNotSent):
        bench.enrol()
    assert (bench.ca_client.list(), bench.sam_admin.open_approvals()) == ([], [])
    bench.sam.phone.fails = False
    assert bench.enrol().certificate


def test_a_message_that_the_gateway_does_not_take_leaves_the_credential_pending(bench):
    def lost(_sms):
        raise NotDelivered("gateway down")

    honest, bench.sam.phone.send = bench.sam.phone.send, lost
    approved = bench.enrolments().approve(applicant(), ACCOUNT)
    with pytest.raises(SmsNotSent):
        bench.enrolments().activate(approved.approval)
    (line,) = bench.ca_client.list()
    assert bench.state(line.credential) == "pending"
    bench.sam.phone.send = honest
    assert bench.state(bench.enrolments().activate(approved.approval).credential) == "active"


@pytest.mark.parametrize("allowed", [False, True])
def test_the_lower_trust_mode_is_asked_for_by_name(bench, allowed):
    made = bench.enrol(account=Account(client="portal-a", account="s", allow_carried=allowed))
    assert bench.column("allow_carried", made.credential) == int(allowed)
