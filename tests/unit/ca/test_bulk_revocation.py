"""Revoking many certificates: decided by two, carried out in parts that can do nothing else, and finished."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ca import acts, crl, publication
from ca.admin_protocol import ActRefused, NotApproved, OtherAct, ProposalClosed, ProposalExpired
from ca.bulk_revocation import MOST
from ca.protocol import AlreadyRevoked, AuthorityClosed, CertificateUnknown, InvalidSinceRefused, ReasonUnknown


@pytest.fixture
def serials(bench):
    return [f"{bench.issue().serial_number:040x}" for _ in range(5)]


def act(serials: list[str], reason: str = "keyCompromise", **more) -> acts.RevokeMany:
    return acts.RevokeMany(serials=serials, reason=reason, **more)


def propose(bench, wanted: acts.RevokeMany):
    return bench.control.propose(bench.session("ana"), wanted).proposal


def listed(bench) -> set[str]:
    der = (bench.settings.published() / publication.issuing_crl(1)).read_bytes()
    return {f"{entry.serial_number:040x}" for entry in crl.read(der, bench.issuer)}


def test_two_decide_and_all_are_revoked_in_parts_for_the_reason_under_both_names(bench, serials):
    proposal = bench.decide(act(serials)).proposal
    assert bench.control.begin_revocations(proposal) == serials
    assert bench.control.revoke_part(proposal, serials[:3]).revoked == 3
    assert bench.control.revoke_part(proposal, serials[3:]).revoked == 2
    done = bench.control.end_revocations(proposal).proposal
    assert (done.state, done.outcome) == ("done", "5 certificates are revoked or over")
    assert listed(bench) == set(serials)
    lines = [bench.admin.describe(serial) for serial in serials]
    assert {(line.status, line.reason) for line in lines} == {("revoked", "keyCompromise")}
    with bench.database.reading() as connection:
        rows = [row for _number, row in bench.authority._parts.audit.rows(connection)]
    assert [row["by"] for row in rows if row.get("status") == "revoked"] == ["admins ana and bogdan"] * 5


def test_one_persons_word_revokes_nothing(bench, serials):
    proposal = propose(bench, act(serials)).proposal
    for ask in (
        lambda: bench.control.begin_revocations(proposal),
        lambda: bench.control.revoke_part(proposal, serials),
        lambda: bench.control.end_revocations(proposal),
    ):
        with pytest.raises(NotApproved):
            ask()
    assert {bench.admin.describe(serial).status for serial in serials} == {"good"}


def test_a_part_can_do_nothing_that_was_not_decided(bench, serials):
    proposal = bench.decide(act(serials[:4])).proposal
    bench.control.begin_revocations(proposal)
    with pytest.raises(ActRefused, match="not among what was approved"):
        bench.control.revoke_part(proposal, [serials[0], serials[4]])
    with pytest.raises(ActRefused, match="at most 100"):
        bench.control.revoke_part(proposal, serials[:1] * 101)
    assert {bench.admin.describe(serial).status for serial in serials} == {"good"}
    assert bench.control.revoke_part(proposal, serials[:4]).revoked == 4


def test_a_part_waits_for_the_beginning_and_none_follows_the_end(bench, serials):
    proposal = bench.decide(act(serials)).proposal
    with pytest.raises(ProposalClosed, match="approved"):
        bench.control.revoke_part(proposal, serials)
    bench.control.begin_revocations(proposal)
    bench.control.revoke_part(proposal, serials)
    bench.control.end_revocations(proposal)
    for ask in (
        lambda: bench.control.begin_revocations(proposal),
        lambda: bench.control.revoke_part(proposal, serials),
        lambda: bench.control.end_revocations(proposal),
    ):
        with pytest.raises(ProposalClosed):
            ask()


def test_what_was_interrupted_goes_on_and_ends_only_when_nothing_is_left(bench, serials):
    proposal = bench.decide(act(serials)).proposal
    bench.control.begin_revocations(proposal)
    bench.control.revoke_part(proposal, serials[:2])
    bench.start()
    with pytest.raises(ActRefused, match="3 of 5 are not revoked yet"):
        bench.control.end_revocations(proposal)
    assert bench.control.begin_revocations(proposal) == serials
    again = bench.control.revoke_part(proposal, serials)
    assert (again.revoked, again.over_before) == (3, serials[:2])
    assert bench.control.end_revocations(proposal).proposal.state == "done"


def test_what_meanwhile_was_revoked_for_another_reason_keeps_it(bench, serials):
    proposal = bench.decide(act(serials)).proposal
    bench.admin.revoke(serials[0], "superseded")
    bench.control.begin_revocations(proposal)
    assert bench.control.revoke_part(proposal, serials).over_before == serials[:1]
    bench.control.end_revocations(proposal)
    assert bench.admin.describe(serials[0]).reason == "superseded"


def test_it_stops_when_the_approval_is_over(bench, serials):
    proposal = bench.decide(act(serials)).proposal
    bench.control.begin_revocations(proposal)
    bench.clock.advance(days=8)
    with pytest.raises(ProposalExpired):
        bench.control.revoke_part(proposal, serials)
    assert bench.admin.describe(serials[0]).status == "good"


def test_what_cannot_be_done_is_not_proposed(bench, serials):
    bench.admin.revoke(serials[4], "superseded")
    tomorrow = bench.clock.now() + timedelta(days=1)
    for wanted, error in (
        (act([]), ActRefused),
        (act([serials[0], serials[0]]), ActRefused),
        (act([serials[0].upper()]), ActRefused),
        (act(["zz"]), CertificateUnknown),
        (act([serials[0], "5"]), ActRefused),
        (act([serials[0], f"{5:040x}"]), CertificateUnknown),
        (act(serials), AlreadyRevoked),
        (act(serials[:1], "boredom"), ReasonUnknown),
        (act(serials[:1], "certificateHold"), ReasonUnknown),
        (act(serials[:1], invalid_since=tomorrow), InvalidSinceRefused),
        (act([f"{number:040x}" for number in range(MOST + 1)]), ActRefused),
    ):
        with pytest.raises(error):
            propose(bench, wanted)
    assert bench.control.proposals() == []
    assert propose(bench, act(serials[:4])).state == "open"


def test_an_approved_act_of_another_kind_revokes_nothing(bench, serials):
    bench.decide(acts.AddAdmin(name="carmen"))
    (done,) = bench.control.proposals()
    with pytest.raises(ProposalClosed):
        bench.control.begin_revocations(done.proposal)
    with bench.database.transaction() as connection:
        parts = bench.opened.control
        open_act = parts.dual.propose(connection, parts.sessions.signed_in(connection, bench.session()), act(serials))
        approved = parts.dual.approve(
            connection,
            parts.sessions.signed_in(connection, bench.session("bogdan")),
            open_act.proposal,
            acts.digest(act(serials)),
        )
        with pytest.raises(OtherAct):
            approved.redeem(connection, acts.AddAdmin)


def test_after_the_last_list_nothing_begins(bench, serials):
    for serial in serials[1:]:
        bench.admin.revoke(serial, "cessationOfOperation")
    proposal = bench.decide(act(serials[:1])).proposal
    bench.admin.revoke(serials[0], "cessationOfOperation")
    bench.decide(acts.CloseAuthority())
    with pytest.raises(AuthorityClosed):
        bench.control.begin_revocations(proposal)
