"""Administrators: how one comes to be one, and stops being one."""

from __future__ import annotations

import pytest

from ca import acts
from ca.admin_protocol import (
    AdminExists,
    AdminNameRefused,
    AdminUnknown,
    InvitationRefused,
    NotSignedIn,
    PasswordRefused,
    SignInRefused,
    TooFewAdmins,
)
from ca.admins import INVITED_FOR
from tests.support.ca_bench import PASSWORDS


@pytest.fixture
def founded(bench):
    bench.found()
    return bench


def states(bench) -> dict[str, str]:
    return {each.name: each.state for each in bench.control.admins()}


def test_the_first_two_are_made_by_who_installs_and_a_third_is_not(founded):
    assert states(founded) == {"ana": "active", "bogdan": "active"}
    with pytest.raises(AdminExists, match="decide about more"):
        founded.opened.control.admins.found("carmen", PASSWORDS["carmen"])
    assert states(founded).keys() == {"ana", "bogdan"}


def test_the_same_person_does_not_found_twice(bench):
    bench.opened.control.admins.found("ana", PASSWORDS["ana"])
    with pytest.raises(AdminExists):
        bench.opened.control.admins.found("ana", PASSWORDS["ana"])


@pytest.mark.parametrize("password", ["", "eleven char", "x" * 1001])
def test_a_password_too_short_or_too_long_makes_nobody(bench, password):
    with pytest.raises(PasswordRefused, match="12"):
        bench.opened.control.admins.found("ana", password)
    assert bench.control.admins() == []


@pytest.mark.parametrize("name", ["", "Ana", "ana ", "1ana", "ana..p", "-ana", "ana-", "ană", "a" * 41, "ana\n", "a;b"])
def test_names_that_nobody_may_have(founded, name):
    with pytest.raises(AdminNameRefused):
        founded.control.propose(founded.session(), acts.AddAdmin(name=name))


@pytest.mark.parametrize("name", ["a", "ana.pop", "ana-maria.pop2", "a" * 40])
def test_names_that_one_may_have(founded, name):
    founded.decide(acts.AddAdmin(name=name))
    assert states(founded)[name] == "invited"


def test_a_name_that_is_taken_is_refused_of_who_was_disabled_too(founded):
    founded.add("carmen")
    founded.decide(acts.DisableAdmin(name="carmen"))
    for name in ("ana", "carmen"):
        with pytest.raises(AdminExists):
            founded.control.propose(founded.session(), acts.AddAdmin(name=name))


def test_a_new_one_enrols_with_both_halves_and_can_then_decide(founded):
    founded.add("carmen")
    assert states(founded)["carmen"] == "active"
    proposal = founded.control.propose(founded.session("ana"), acts.AddAdmin(name="doina")).proposal
    approved = founded.control.approve(founded.session("carmen"), proposal.proposal, proposal.digest)
    assert approved.proposal.decided_by == "carmen"


def test_neither_who_proposed_nor_who_approved_can_enrol_in_the_new_ones_name(founded):
    """Each is shown one half, and no other call shows the other: otherwise one person would soon be two."""
    proposed = founded.control.propose(founded.session("ana"), acts.AddAdmin(name="carmen"))
    name = proposed.proposal.proposal
    approved = founded.control.approve(founded.session("bogdan"), name, proposed.proposal.digest)
    first, second = proposed.half, approved.half
    assert len({first, second, ""}) == 3
    for halves in ((first, first), (second, second), (second, first), (first, ""), ("", second), (first, second[:-1])):
        with pytest.raises(InvitationRefused):
            founded.control.enrol("carmen", *halves, PASSWORDS["carmen"])
    assert founded.control.proposal(name).outcome == "carmen is invited"
    assert founded.control.enrol("carmen", first.lower(), second.replace("-", " "), PASSWORDS["carmen"]).secret


def test_what_could_not_be_done_when_it_was_approved_shows_the_second_half_to_who_approved_alone(founded):
    """The act waits approved (another of the name was quicker); whoever has it carried out then is not shown the half."""
    first = founded.control.propose(founded.session("ana"), acts.AddAdmin(name="carmen"))
    founded.decide(acts.AddAdmin(name="carmen"))
    with pytest.raises(AdminExists):
        founded.control.approve(founded.session("bogdan"), first.proposal.proposal, first.proposal.digest)
    assert founded.control.proposal(first.proposal.proposal).state == "approved"
    with founded.database.transaction() as connection:  # as if the other had never been
        connection.exec_driver_sql("DELETE FROM admins WHERE name = 'carmen'")
    founded.start()
    assert founded.control.carry_out(founded.session("ana"), first.proposal.proposal).half == ""


def test_an_invitation_is_used_once_and_ends(founded):
    founded.decide(acts.AddAdmin(name="carmen"))
    halves = founded.halves
    founded.clock.advance(seconds=INVITED_FOR.total_seconds())
    with pytest.raises(InvitationRefused):
        founded.control.enrol("carmen", *halves, PASSWORDS["carmen"])
    founded.decide(acts.ResetAdmin(name="carmen"))
    with pytest.raises(InvitationRefused):
        founded.control.enrol("carmen", *halves, PASSWORDS["carmen"])
    founded.enrol("carmen")
    with pytest.raises(InvitationRefused):
        founded.control.enrol("carmen", *founded.halves, PASSWORDS["carmen"])


def test_a_password_refused_leaves_the_invitation_as_it_was(founded):
    founded.decide(acts.AddAdmin(name="carmen"))
    with pytest.raises(PasswordRefused):
        founded.control.enrol("carmen", *founded.halves, "short")
    founded.enrol("carmen")


@pytest.mark.parametrize("name", ["nobody", "ana"])
def test_who_was_not_invited_cannot_enrol(founded, name):
    founded.decide(acts.AddAdmin(name="carmen"))
    with pytest.raises(InvitationRefused):
        founded.control.enrol(name, *founded.halves, PASSWORDS["carmen"])
    with pytest.raises(InvitationRefused):
        founded.control.enrol(name, "", "", PASSWORDS["carmen"])


def test_a_reset_makes_password_and_secret_anew(founded):
    founded.add("carmen")
    founded.add("doina")
    before = founded.totp["carmen"]
    founded.decide(acts.ResetAdmin(name="carmen"))
    with pytest.raises(SignInRefused):
        founded.control.sign_in("carmen", PASSWORDS["carmen"], founded.code("carmen"))
    founded.enrol("carmen")
    assert founded.totp["carmen"] != before
    assert founded.session("carmen")


def test_who_is_disabled_signs_in_no_more_proposes_and_approves_no_more_and_can_be_invited_anew(founded):
    founded.add("carmen")
    session = founded.session("carmen")
    founded.decide(acts.DisableAdmin(name="carmen"))
    assert states(founded)["carmen"] == "disabled"
    waiting = founded.control.propose(founded.session("ana"), acts.AddAdmin(name="doina")).proposal
    with pytest.raises(NotSignedIn):
        founded.control.propose(session, acts.AddAdmin(name="emil"))
    with pytest.raises(NotSignedIn):
        founded.control.approve(session, waiting.proposal, waiting.digest)
    with pytest.raises(NotSignedIn):
        founded.control.reject(session, waiting.proposal, "")
    founded.clock.advance(seconds=30)
    with pytest.raises(SignInRefused):
        founded.control.sign_in("carmen", PASSWORDS["carmen"], founded.code("carmen"))
    assert founded.control.approve(founded.session("bogdan"), waiting.proposal, waiting.digest).proposal.state == "done"
    founded.decide(acts.ResetAdmin(name="carmen"))
    founded.enrol("carmen")
    assert founded.session("carmen")


@pytest.mark.parametrize("act", [acts.DisableAdmin, acts.ResetAdmin])
def test_two_who_can_act_remain(founded, act):
    with pytest.raises(TooFewAdmins, match="add another first"):
        founded.control.propose(founded.session(), act(name="bogdan"))
    founded.add("carmen")
    assert founded.decide(act(name="carmen")).state == "done"


def test_of_two_proposals_that_would_leave_one_the_second_is_not_carried_out(founded):
    founded.add("carmen")
    both = [
        founded.control.propose(founded.session("ana"), acts.DisableAdmin(name=name)).proposal
        for name in ("carmen", "bogdan")
    ]
    bogdan = founded.session("bogdan")
    founded.control.approve(bogdan, both[0].proposal, both[0].digest)
    with pytest.raises(TooFewAdmins):
        founded.control.approve(bogdan, both[1].proposal, both[1].digest)
    assert states(founded) == {"ana": "active", "bogdan": "active", "carmen": "disabled"}


@pytest.mark.parametrize("act", [acts.DisableAdmin, acts.ResetAdmin])
def test_an_unknown_administrator_is_a_clear_error(founded, act):
    with pytest.raises(AdminUnknown, match="nobody"):
        founded.control.propose(founded.session(), act(name="nobody"))


def test_who_is_disabled_is_not_disabled_again(founded):
    founded.add("carmen")
    founded.decide(acts.DisableAdmin(name="carmen"))
    with pytest.raises(AdminUnknown, match="disabled already"):
        founded.control.propose(founded.session(), acts.DisableAdmin(name="carmen"))
