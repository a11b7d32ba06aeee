"""A bulk revocation through the real SAM and the real CA: keys destroyed, certificates revoked, and made good if cut short."""

from __future__ import annotations

import pytest

from ca import acts
from ca.admin_protocol import NotApproved
from core.errors import Unavailable
from ra.bulk_revocation import revoke_many
from signer.sam.client import SamAdmin
from tests.support.service_bench import ServiceBench


@pytest.fixture
def bench(tmp_path):
    bench = ServiceBench(tmp_path)
    bench.enrolled = [bench.enrol_as(f"a{n}", f"501020340002{n}", f"+4072200050{n}") for n in range(3)]
    bench.serials = [serial for _credential, serial in bench.enrolled]
    return bench


def carry_out(bench, proposal: str, progress=iter):
    return revoke_many(proposal, bench.ca.control, bench.ca.operator, SamAdmin(bench.admin), progress)


def test_keys_are_gone_and_certificates_revoked_and_a_seal_that_has_no_credential_too(bench):
    seal = bench.ca.certify("tsu")
    serials = [*bench.serials, f"{seal.serial_number:040x}"]
    proposal = bench.ca.decide(acts.RevokeMany(serials=serials, reason="keyCompromise")).proposal
    assert carry_out(bench, proposal).state == "done"
    assert {bench.state(credential) for credential, _serial in bench.enrolled} == {"revoked"}
    assert {bench.ca.operator.describe(serial).status for serial in serials} == {"revoked"}
    assert bench.states == ("active", "good")


def test_nothing_happens_to_a_key_before_two_have_decided(bench):
    act = acts.RevokeMany(serials=bench.serials, reason="keyCompromise")
    proposal = bench.ca.control.propose(bench.ca.session(), act).proposal
    with pytest.raises(NotApproved):
        carry_out(bench, proposal.proposal)
    assert {bench.state(credential) for credential, _serial in bench.enrolled} == {"active"}


def test_what_was_cut_short_is_finished_by_asking_again(bench):
    proposal = bench.ca.decide(acts.RevokeMany(serials=bench.serials, reason="superseded")).proposal
    bench.ca.admin_caller.fails_after = {"RevokePart"}
    with pytest.raises(Unavailable):
        carry_out(bench, proposal)
    bench.ca.admin_caller.fails_after = set()
    assert bench.ca.control.proposal(proposal).state == "begun"
    assert carry_out(bench, proposal).state == "done"
    assert {bench.ca.operator.describe(serial).reason for serial in bench.serials} == {"superseded"}
