"""Revocation, suspension and their end, through the real SAM and the real CA; a crash between the two is made good."""

from __future__ import annotations

import pytest

from ca.protocol import AlreadyRevoked, AlreadySuspended, CertificateUnknown, ReasonUnknown
from core.errors import Unavailable
from signer.sam.errors import CredentialNotUsable
from signer.sam.protocol import SetState
from tests.support.service_bench import ServiceBench


@pytest.fixture
def bench(tmp_path):
    return ServiceBench(tmp_path)


def test_revoking_ends_the_credential_and_the_certificate(bench):
    assert bench.requests.revoke(bench.serial, "keyCompromise").crl_number == 2
    assert bench.states == ("revoked", "revoked")


def test_a_suspension_and_its_end_reach_both(bench):
    bench.requests.suspend(bench.serial)
    assert bench.states == ("suspended", "suspended")
    assert bench.requests.resume(bench.serial).status == "good"
    assert bench.states == ("active", "good")


@pytest.mark.parametrize("act", ["revoke", "suspend"])
def test_a_crash_after_the_sam_is_made_good_by_asking_again(bench, act):
    acts = {
        "revoke": lambda: bench.requests.revoke(bench.serial, "superseded"),
        "suspend": lambda: bench.requests.suspend(bench.serial),
    }
    ask = acts[act]
    honest = bench.ca.admin_caller.call

    def dies(request, reply):
        if type(request).__name__ in {"RevokeCertificate", "SuspendCertificate"} and not request.rehearse:
            raise Unavailable("ca: down")
        return honest(request, reply)

    bench.ca.admin_caller.call = dies
    with pytest.raises(Unavailable):
        ask()
    assert bench.states[1] == "good"
    assert bench.states[0] != "active"
    bench.ca.admin_caller.call = honest
    assert ask().crl_number == 2
    assert bench.states == {"revoke": ("revoked", "revoked"), "suspend": ("suspended", "suspended")}[act]


def test_an_answer_of_the_ca_that_was_lost_is_told_when_asked_again(bench):
    bench.ca.admin_caller.fails_after = {"RevokeCertificate"}
    with pytest.raises(Unavailable):
        bench.requests.revoke(bench.serial, "superseded")  # the rehearsal's answer: nothing was done
    assert bench.states == ("active", "good")
    bench.ca.admin_caller.fails_after = set()
    bench.requests.revoke(bench.serial, "superseded")
    with pytest.raises(AlreadyRevoked):
        bench.requests.revoke(bench.serial, "superseded")


def test_the_end_of_a_suspension_that_reached_the_ca_only_is_finished_by_asking_again(bench):
    bench.requests.suspend(bench.serial)
    bench.admin.down = True
    with pytest.raises(Unavailable):
        bench.requests.resume(bench.serial)
    assert bench.states == ("suspended", "good")
    bench.admin.down = False
    assert bench.requests.resume(bench.serial) is None
    assert bench.states == ("active", "good")


def test_what_the_ca_would_refuse_leaves_the_key_alone(bench):
    with pytest.raises(ReasonUnknown):
        bench.requests.revoke(bench.serial, "boredom")
    with pytest.raises(CertificateUnknown):
        bench.requests.revoke("5", "superseded")
    assert bench.states == ("active", "good")


def test_a_certificate_that_is_revoked_already_takes_its_key_along(bench):
    bench.ca.admin.revoke(bench.serial, "superseded")
    with pytest.raises(AlreadyRevoked):
        bench.requests.revoke(bench.serial, "superseded")
    assert bench.states == ("revoked", "revoked")


def test_a_certificate_that_is_suspended_already_takes_its_credential_along(bench):
    bench.ca.admin.suspend(bench.serial)
    with pytest.raises(AlreadySuspended):
        bench.requests.suspend(bench.serial)
    assert bench.states == ("suspended", "suspended")


def test_a_credential_that_was_revoked_is_not_resumed(bench):
    bench.ca.admin.suspend(bench.serial)
    bench.sam_admin.set_state(SetState(bench.credential, "revoked"))
    with pytest.raises(CredentialNotUsable):
        bench.requests.resume(bench.serial)


def test_a_service_certificate_has_no_credential_to_end(bench):
    serial = f"{bench.ca.certify('tsu').serial_number:040x}"
    assert bench.requests.revoke(serial, "cessationOfOperation").status == "revoked"
    assert bench.states == ("active", "good")


def test_the_signatory_is_told_of_every_change__en_319_411_1_6_2_4(bench):
    bench.requests.suspend(bench.serial)
    bench.requests.resume(bench.serial)
    bench.requests.revoke(bench.serial, "superseded")
    told = [sms.text.removeprefix("Paraph: certificatul dvs. de semnare ") for sms in bench.sam.phone.notices[-3:]]
    assert told == [
        "a fost suspendat. Nu ati cerut asta? Sunati la 021 000 00 00.",
        "poate fi folosit din nou. Nu ati cerut asta? Sunati la 021 000 00 00.",
        "a fost revocat si cheia lui distrusa. Nu ati cerut asta? Sunati la 021 000 00 00.",
    ]
    with pytest.raises(AlreadyRevoked):
        bench.requests.revoke(bench.serial, "superseded")
    assert len([sms for sms in bench.sam.phone.notices if "revocat" in sms.text]) == 1


def test_a_gateway_that_takes_nothing_does_not_keep_a_revocation_from_happening(bench, caplog):
    bench.sam.phone.fails = True
    bench.requests.revoke(bench.serial, "keyCompromise")
    assert bench.states == ("revoked", "revoked")
    assert "signatory not told" in caplog.text
