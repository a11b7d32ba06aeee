"""Two people: what one administrator proposes, another approves, and only then is it done, once."""

from __future__ import annotations

import pytest

from ca import acts
from ca.admin_protocol import (
    ActRefused,
    NotApproved,
    NotSignedIn,
    OtherAct,
    ProposalChanged,
    ProposalClosed,
    ProposalExpired,
    ProposalUnknown,
    SamePerson,
)
from ca.dual_control import LIFE, Approved
from ca.guarded import Guarded
from ca.protocol import GenerationUnknown

ROTATE = acts.RotateIssuingKey(generation=2, name="TEST Natural Person CA G2", key="ec-p384", days=3650)


@pytest.fixture
def rotating(bench):
    """Give an authority with an operation that waits, approved, for who carries it out."""
    start = bench.start

    def with_operation() -> None:
        start()
        bench.opened.control.guard({acts.RotateIssuingKey: Guarded(lambda _connection, _act: None)})

    bench.start = with_operation
    bench.start()
    return bench


@pytest.fixture
def proposal(rotating):
    return rotating.control.propose(rotating.session("ana"), ROTATE).proposal


def approve(bench, proposal, name: str = "bogdan"):
    return bench.control.approve(bench.session(name), proposal.proposal, proposal.digest)


def redeem(bench, proposal, kind=acts.RotateIssuingKey) -> acts.Act:
    """Carry the act out as a guarded operation does."""
    with bench.database.transaction() as connection:
        return bench.opened.control.dual.approved(connection, proposal.proposal).redeem(connection, kind)


def told(bench) -> list[tuple[str, str]]:
    with bench.database.reading() as connection:
        rows = [row for _number, row in bench.authority._parts.audit.rows(connection)]
    return [(row["event"], row["by"]) for row in rows if row["event"].startswith("act ")]


def test_an_act_is_proposed_approved_begun_and_done_each_under_the_names(rotating, proposal):
    assert (proposal.state, proposal.proposed_by, proposal.act) == ("open", "ana", ROTATE)
    assert proposal.digest == acts.digest(ROTATE)
    approved = approve(rotating, proposal).proposal
    assert (approved.state, approved.decided_by) == ("approved", "bogdan")
    assert redeem(rotating, proposal) == ROTATE
    with rotating.database.transaction() as connection:
        rotating.opened.control.dual.finish(connection, proposal.proposal, "issuing-2")
    done = rotating.control.proposal(proposal.proposal)
    assert (done.state, done.outcome) == ("done", "issuing-2")
    both = "ana and bogdan"
    assert told(rotating) == [
        ("act proposed", "ana"),
        ("act approved", "bogdan"),
        ("act begun", both),
        ("act done", both),
    ]


def test_who_proposed_does_not_approve(rotating, proposal):
    with pytest.raises(SamePerson, match="ana proposed it"):
        approve(rotating, proposal, "ana")
    with pytest.raises(NotApproved, match="waits for another"):
        redeem(rotating, proposal)
    assert approve(rotating, proposal).proposal.state == "approved"


def test_one_persons_word_is_not_enough(rotating, proposal):
    for act in (
        lambda: redeem(rotating, proposal),
        lambda: rotating.control.carry_out(rotating.session(), proposal.proposal),
    ):
        with pytest.raises(NotApproved):
            act()


def test_the_act_that_was_seen_is_the_one_that_is_approved(rotating, proposal):
    other = acts.digest(acts.RotateIssuingKey(generation=2, name="TEST Another CA", key="ec-p384", days=3650))
    with pytest.raises(ProposalChanged):
        rotating.control.approve(rotating.session("bogdan"), proposal.proposal, other)
    assert approve(rotating, proposal).proposal.state == "approved"


def test_it_is_approved_once(rotating, proposal):
    approve(rotating, proposal)
    with pytest.raises(ProposalClosed, match="approved, decided by bogdan on 2026-11-24"):
        approve(rotating, proposal)


def test_it_is_carried_out_once(rotating, proposal):
    approve(rotating, proposal)
    redeem(rotating, proposal)
    with pytest.raises(ProposalClosed, match="begun"):
        redeem(rotating, proposal)
    rotating.start()
    with pytest.raises(ProposalClosed):
        redeem(rotating, proposal)


def test_one_approval_in_the_hand_gives_its_act_once(rotating):
    approved = rotating.approved(ROTATE)
    assert (approved.act, approved.by) == (ROTATE, "ana and bogdan")
    with rotating.database.transaction() as connection:
        assert approved.redeem(connection, acts.RotateIssuingKey) == ROTATE
        with pytest.raises(ProposalClosed, match="redeemed before"):
            approved.redeem(connection, acts.RotateIssuingKey)


def test_an_operation_that_fails_in_its_transaction_can_be_tried_again(rotating):
    approved = rotating.approved(ROTATE)

    def fail() -> None:
        with rotating.database.transaction() as connection:
            approved.redeem(connection, acts.RotateIssuingKey)
            raise ActRefused("the token is full")

    with pytest.raises(ActRefused, match="the token is full"):
        fail()
    assert rotating.control.proposal(approved.proposal).state == "approved"
    assert redeem(rotating, rotating.control.proposal(approved.proposal)) == ROTATE


def test_an_operation_takes_the_act_it_is_about_and_no_other(rotating, proposal):
    approve(rotating, proposal)
    for kind in (acts.UseRoot, acts.RevokeMany, acts.CloseAuthority):
        with pytest.raises(OtherAct, match="Rotation of the issuing key"):
            redeem(rotating, proposal, kind)
    assert redeem(rotating, proposal) == ROTATE


def test_it_expires_before_it_is_approved(rotating, proposal):
    rotating.clock.advance(seconds=LIFE.total_seconds())
    assert rotating.control.proposal(proposal.proposal).state == "expired"
    with pytest.raises(ProposalExpired):
        approve(rotating, proposal)
    with pytest.raises(ProposalExpired):
        rotating.control.reject(rotating.session("bogdan"), proposal.proposal, "")


def test_it_expires_between_approval_and_act(rotating, proposal):
    approve(rotating, proposal)
    rotating.clock.advance(seconds=LIFE.total_seconds() - 1)
    rotating.clock.advance(seconds=1)
    with pytest.raises(ProposalExpired):
        redeem(rotating, proposal)


@pytest.mark.parametrize(("gone", "when"), [("ana", "before"), ("ana", "after"), ("carmen", "after")])
def test_both_are_administrators_still_when_it_is_done(rotating, gone, when):
    rotating.add("carmen")
    rotating.add("doina")
    proposal = rotating.control.propose(rotating.session("ana"), ROTATE).proposal
    if when == "after":
        approve(rotating, proposal, "carmen")
    end = rotating.control.propose(rotating.session("doina"), acts.DisableAdmin(name=gone)).proposal
    approve(rotating, end)
    late = {"before": lambda: approve(rotating, proposal, "carmen"), "after": lambda: redeem(rotating, proposal)}
    with pytest.raises(NotApproved, match=f"{gone} is no active administrator any more"):
        late[when]()


def test_what_an_administrator_tried_and_was_refused_is_in_the_log_under_the_name(rotating, proposal):
    with pytest.raises(SamePerson):
        approve(rotating, proposal, "ana")
    with pytest.raises(ProposalUnknown):
        rotating.control.reject(rotating.session("bogdan"), "p-1", "")
    with pytest.raises(GenerationUnknown):
        rotating.control.propose(rotating.session("bogdan"), acts.CloseAuthority(generation=7))
    with rotating.database.reading() as connection:
        rows = [row for _number, row in rotating.authority._parts.audit.rows(connection)]
    refused = [(row["by"], row["wanted"], row["error"]) for row in rows if row["event"] == "act refused"]
    assert refused == [
        ("ana", "approve", "SamePerson"),
        ("bogdan", "reject", "ProposalUnknown"),
        ("bogdan", "propose", "GenerationUnknown"),
    ]


@pytest.mark.parametrize("name", ["bogdan", "ana"])
def test_another_rejects_it_or_its_proposer_takes_it_back(rotating, proposal, name):
    rejected = rotating.control.reject(rotating.session(name), proposal.proposal, "the wrong name").proposal
    assert (rejected.state, rejected.decided_by, rejected.outcome) == ("rejected", name, "the wrong name")
    for act in (lambda: approve(rotating, proposal), lambda: redeem(rotating, proposal)):
        with pytest.raises(ProposalClosed, match=f"rejected, decided by {name}"):
            act()


@pytest.mark.parametrize("unknown", ["", "p-1", "x" * 1000, "' OR 1"])
def test_an_unknown_proposal_is_a_clear_error(rotating, unknown):
    session = rotating.session()
    for act in (
        lambda: rotating.control.proposal(unknown),
        lambda: rotating.control.approve(session, unknown, ""),
        lambda: rotating.control.reject(session, unknown, ""),
        lambda: rotating.control.carry_out(session, unknown),
        lambda: rotating.control.begin_revocations(unknown),
    ):
        with pytest.raises(ProposalUnknown):
            act()


def test_an_act_that_no_operation_carries_out_is_not_proposed(bench):
    with pytest.raises(ActRefused, match="nothing here carries out: Restore from a backup"):
        bench.control.propose(bench.session(), acts.Restore(backup="00", made_at=bench.clock.now()))


def test_without_a_session_nothing_is_proposed_or_decided(rotating, proposal):
    for act in (
        lambda: rotating.control.propose("", ROTATE),
        lambda: rotating.control.approve("", proposal.proposal, proposal.digest),
        lambda: rotating.control.reject("", proposal.proposal, ""),
        lambda: rotating.control.carry_out("", proposal.proposal),
    ):
        with pytest.raises(NotSignedIn):
            act()
    assert [event for event, _by in told(rotating)] == ["act proposed"]


def test_nobody_but_dual_control_approves():
    with pytest.raises(TypeError):
        Approved(None, None, object())


def test_what_waits_is_listed_and_what_is_over_with_the_rest(rotating, proposal):
    other = rotating.control.propose(rotating.session("ana"), acts.AddAdmin(name="carmen")).proposal
    rotating.control.reject(rotating.session("bogdan"), other.proposal, "no")
    assert [each.proposal for each in rotating.control.proposals(waiting=True)] == [proposal.proposal]
    assert {each.proposal for each in rotating.control.proposals()} == {proposal.proposal, other.proposal}
    assert len(rotating.control.proposals(limit=1)) == 1
