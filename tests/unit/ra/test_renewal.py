"""Renewal and re-key through the real SAM and the real CA: what follows a credential, and what becomes of it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from cryptography import x509

from core.approvals import ProofingTooOld
from core.errors import Unavailable
from ra.enrolment import Account
from signer.sam.errors import (
    AlreadyApproved,
    AlreadyEnrolled,
    ApprovalNotOpen,
    CertificateExpired,
    CredentialNotUsable,
    CredentialSuperseded,
    CredentialUnknown,
    NothingToReplace,
    TransactionClosed,
)
from signer.sam.protocol import ListCredentials, SetState
from tests.support.registration_bench import ACCOUNT, RegistrationBench, applicant, other, serial_of
from tests.support.sam_bench import digest

ONE = digest("one")


@pytest.fixture
def bench(tmp_path):
    return RegistrationBench(tmp_path)


@pytest.fixture
def made(bench):
    return bench.enrol()


def authorise(bench, made):
    """Return an authorisation of the signatory's with a credential."""
    bench.sam.credentials["stefanita"] = made.credential
    return bench.sam.authorise(ONE, account="stefanita").sad


def renew(bench, made):
    return bench.enrolments().renew(made.credential)


def renew_all(bench, days=14):
    """Renew what ends within some days; return what became of the people that this test enrolled."""
    done = list(bench.renewals.all_ending(bench.clock.now() + timedelta(days=days)))
    return [each for each in done if each.credential.account not in {"ana", "bogdan"}]


def test_a_renewal_has_a_new_key_and_begins_a_new_validity__en_319_411_1_6_3_7(bench, made):
    bench.clock.advance(days=80)
    new = renew(bench, made)
    before, after = (x509.load_der_x509_certificate(each.certificate) for each in (made, new))
    assert after.public_key() != before.public_key()
    assert after.subject == before.subject
    assert after.not_valid_before_utc == bench.clock.now()
    assert bench.column("signatory", new.credential) == bench.column("signatory", made.credential)


def test_the_credential_before_ends_with_its_key_and_its_certificate_lasts(bench, made):
    new = renew(bench, made)
    assert bench.state(made.credential) == "superseded"
    assert bench.column("length(wrapped_key)", made.credential) == 0
    assert bench.state(new.credential) == "active"
    assert bench.ca.admin.describe(serial_of(made)).status == "good"  # what it signed still verifies
    assert bench.events[-3:] == ["state changed", "key destroyed", "activated"]


def test_a_portal_sees_one_usable_credential(bench, made):
    new = renew(bench, made)
    found = bench.sam.ask(ListCredentials("portal-a", "stefanita")).credentials
    assert [(view.credential, view.state) for view in found] == [
        (made.credential, "superseded"),
        (new.credential, "active"),
    ]


def test_an_authorisation_given_before_the_renewal_signs_nothing_after_it(bench, made):
    sad = authorise(bench, made)
    new = renew(bench, made)
    with pytest.raises(TransactionClosed):
        bench.sam.sign_hashes(sad, ONE, account="stefanita")
    assert ONE not in bench.sam.uses
    assert bench.sam.sign_hashes(authorise(bench, new), ONE, account="stefanita")


def test_a_renewal_is_announced_to_the_phone_the_person_has(bench, made):
    bench.clock.advance(days=80)
    renew(bench, made)
    sms = bench.sam.phone.notices[-1]
    assert (sms.to, "certificat de semnare nou, valabil pana la 13.05.2027" in sms.text) == ("+40722000333", True)


def test_what_has_ended_is_not_renewed(bench, made):
    bench.clock.advance(days=90)
    with pytest.raises(CertificateExpired):
        renew(bench, made)
    bench.sam.sam.make_round()
    with pytest.raises(CertificateExpired):
        renew(bench, made)
    assert bench.enrol().certificate  # identified again


@pytest.mark.parametrize("state", ["suspended", "revoked"])
def test_what_is_suspended_or_revoked_is_not_renewed(bench, made, state):
    bench.sam_admin.set_state(SetState(made.credential, state))
    with pytest.raises(CredentialNotUsable, match=state):
        renew(bench, made)
    assert len(bench.ca_client.list()) == 1


def test_what_was_followed_already_is_not_renewed_and_the_newest_is(bench, made):
    new = renew(bench, made)
    with pytest.raises(CredentialSuperseded):
        renew(bench, made)
    assert renew(bench, new).certificate


def test_an_unknown_credential_is_not_renewed(bench):
    with pytest.raises(CredentialUnknown):
        bench.enrolments().renew("c-none")


def test_renewals_end_with_the_proofing_they_rest_on(bench, made):
    for _ in range(4):  # days 89, 178, 267, 356
        bench.clock.advance(days=89)
        made = renew(bench, made)
    bench.clock.advance(days=9)
    with pytest.raises(ProofingTooOld):
        renew(bench, made)
    assert bench.state(made.credential) == "active"
    new = bench.enrol(anew=True)  # identified again, while the old one lasts
    assert (bench.state(made.credential), bench.state(new.credential)) == ("superseded", "active")
    bench.clock.advance(days=80)
    assert renew(bench, new).certificate


def test_a_renewal_that_fails_leaves_everything_as_it_was(bench, made):
    bench.ca.caller.down = True
    with pytest.raises(Unavailable):
        renew(bench, made)
    bench.ca.caller.down = False
    assert (bench.state(made.credential), bench.sam_admin.open_approvals()) == ("active", [])
    assert bench.sam.sign_hashes(authorise(bench, made), ONE, account="stefanita")
    assert renew(bench, made).certificate


def test_one_renewal_waits_at_a_time(bench, made):
    waiting = bench.sam_admin.approve_renewal(made.credential)
    with pytest.raises(AlreadyApproved, match=waiting.approval):
        renew(bench, made)
    assert bench.enrolments().activate(waiting.approval).certificate


def test_a_revocation_takes_along_the_renewal_that_waits(bench, made):
    waiting = bench.sam_admin.approve_renewal(made.credential)
    bench.requests.revoke(serial_of(made), "privilegeWithdrawn")
    with pytest.raises(ApprovalNotOpen, match="withdrawn"):
        bench.enrolments().activate(waiting.approval)


def test_a_suspension_stops_the_renewal_that_waits_and_its_end_lets_it_go_on(bench, made):
    waiting = bench.sam_admin.approve_renewal(made.credential)
    bench.requests.suspend(serial_of(made))
    with pytest.raises(CredentialNotUsable, match="suspended"):
        bench.enrolments().activate(waiting.approval)
    bench.requests.resume(serial_of(made))
    assert bench.enrolments().activate(waiting.approval).certificate


def test_the_certificate_before_can_be_revoked_and_the_new_credential_stays(bench, made):
    new = renew(bench, made)
    bench.requests.revoke(serial_of(made), "superseded")
    assert (bench.state(made.credential), bench.state(new.credential)) == ("revoked", "active")
    assert bench.ca.admin.describe(serial_of(new)).status == "good"


def test_the_certificate_before_cannot_be_suspended_and_resumed_into_use(bench, made):
    new = renew(bench, made)
    with pytest.raises(CredentialNotUsable):
        bench.requests.suspend(serial_of(made))
    assert (bench.state(made.credential), bench.state(new.credential)) == ("superseded", "active")


# -- identified anew ------------------------------------------------------------------------------------------------------


def test_a_person_identified_anew_may_have_another_name_and_nothing_else(bench, made):
    new = bench.enrol(applicant(surname="Brânză"), anew=True)
    assert "Brânză" in x509.load_der_x509_certificate(new.certificate).subject.rfc4514_string()
    assert bench.column("signatory", new.credential) != bench.column("signatory", made.credential)  # new allowances


@pytest.mark.parametrize(
    ("person", "account"),
    [
        ({"phone": "+40722000999"}, ACCOUNT),
        ({"national_id": "6020304400019"}, ACCOUNT),
        ({}, Account(client="portal-a", account="elsewhere")),
        ({}, Account(client="portal-b", account="stefanita")),
    ],
)
def test_a_new_phone_person_or_account_replaces_nothing__attack_z9(bench, made, person, account):
    with pytest.raises(NothingToReplace):
        bench.enrol(applicant(**person), account, anew=True)
    assert bench.state(made.credential) == "active"


def test_two_peoples_credentials_are_not_replaced_by_one(bench, made):
    bench.enrol(*other(1))
    with pytest.raises(NothingToReplace):
        bench.enrol(applicant(phone="+4072200040" + "1"), anew=True)


def test_enrolling_again_without_saying_so_replaces_nothing(bench, made):
    with pytest.raises(AlreadyEnrolled, match="person"):
        bench.enrol()
    assert bench.state(made.credential) == "active"


# -- everything that ends soon --------------------------------------------------------------------------------------------


def test_every_credential_that_ends_soon_is_renewed_and_no_other(bench):
    early = [bench.enrol(*other(number)) for number in range(3)]
    bench.clock.advance(days=60)
    late = bench.enrol(*other(9))
    bench.clock.advance(days=20)
    done = renew_all(bench)
    assert [each.credential.credential for each in done] == [each.credential for each in early]
    assert all(each.made and each.refusal is None for each in done)
    assert bench.state(late.credential) == "active"
    assert renew_all(bench) == []


def test_what_fails_for_one_person_does_not_stop_the_others(bench):
    everybody = [bench.enrol(*other(number)) for number in range(3)]
    bench.clock.advance(days=80)
    bench.sam_admin.approve_renewal(everybody[1].credential)  # one waits already
    done = renew_all(bench)
    assert [type(each.refusal).__name__ for each in done] == ["NoneType", "AlreadyApproved", "NoneType"]
    assert [bench.state(each.credential) for each in everybody] == ["superseded", "active", "superseded"]


def test_a_span_longer_than_a_validity_renews_everybody_once(bench, made):
    (done,) = renew_all(bench, days=400)
    assert done.credential.credential == made.credential
    assert renew_all(bench, days=400)[0].credential.credential == done.made.credential


# -- the clock ends things by itself --------------------------------------------------------------------------------------


def test_a_credential_whose_certificate_has_ended_loses_its_key(bench, made):
    bench.clock.advance(days=90, seconds=-1)
    bench.sam.sam.make_round()
    assert bench.state(made.credential) == "active"
    bench.clock.advance(seconds=1)
    bench.sam.sam.make_round()
    assert bench.state(made.credential) == "expired"
    assert bench.column("length(wrapped_key)", made.credential) == 0
    assert bench.view(made).state == "expired"


def test_a_suspended_credential_ends_by_the_clock_too(bench, made):
    bench.requests.suspend(serial_of(made))
    bench.clock.advance(days=91)
    bench.sam.sam.make_round()
    assert bench.state(made.credential) == "expired"


def test_lapsed_approvals_are_closed_with_what_was_begun_on_them(bench):
    approved = bench.enrolments().approve(applicant(), ACCOUNT)
    bench.ca.caller.down = True
    with pytest.raises(Unavailable):
        bench.enrolments().activate(approved.approval)
    bench.clock.advance(days=7)
    bench.sam.sam.make_round()
    assert bench.events[-3:] == ["state changed", "key destroyed", "approval lapsed"]
    before = bench.events
    bench.sam.sam.make_round()
    assert bench.events == before
