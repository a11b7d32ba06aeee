"""Two people: what one administrator proposes, another approves, and only then is it done, once."""

from __future__ import annotations

import pytest

from ca import acts
from ca.admin_protocol import OtherAct, ProposalClosed, SamePerson
from ca.guarded import Guarded

ROTATE = acts.RotateIssuingKey(generation=2, name="TEST Natural Person CA G2", key="ec-p384", days=3650)


@pytest.fixture
def rotating(bench):
    """Give an authority with an operation that waits, approved, for who carries it out."""
    bench.opened.control.guard({acts.RotateIssuingKey: Guarded(lambda _connection, _act: None)})
    return bench


def test_an_act_of_one_person_is_refused_and_of_two_is_done(bench):
    ana = bench.session("ana")
    proposal = bench.control.propose(ana, acts.AddAdmin(name="carmen")).proposal
    with pytest.raises(SamePerson):
        bench.control.approve(ana, proposal.proposal, proposal.digest)
    assert bench.control.approve(bench.session("bogdan"), proposal.proposal, proposal.digest).proposal.state == "done"


def test_an_approved_act_is_redeemed_once_by_the_operation_it_is_about(rotating):
    approved = rotating.approved(ROTATE)
    with rotating.database.transaction() as connection, pytest.raises(OtherAct):
        approved.redeem(connection, acts.UseRoot)
    with rotating.database.transaction() as connection:
        assert approved.redeem(connection, acts.RotateIssuingKey) == approved.act == ROTATE
    with rotating.database.transaction() as connection, pytest.raises(ProposalClosed):
        approved.redeem(connection, acts.RotateIssuingKey)
    with rotating.database.transaction() as connection:
        approved.finish(connection, "key issuing-2")
    assert rotating.control.proposal(approved.proposal).outcome == "key issuing-2"
