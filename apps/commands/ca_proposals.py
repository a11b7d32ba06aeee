"""`paraph ca propose`, `proposals`, `approve`, `reject`, `carry-out`: acts that take two people."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, TextIO

import click
import msgspec

from apps.commands.authority import Admin, Authority, signing_in
from apps.commands.ca_status import in_utc, invalid_since, reason
from apps.commands.frame import Command, Group, as_json
from apps.commands.output import instant, say_facts, say_json, say_table, with_progress
from ca import acts
from ca.admin_protocol import ActRefused, ProposalOnRecord, ProposalSummary
from ca.bulk_revocation import MOST
from core.addresses import FIRST
from ra.bulk_revocation import revoke_many

if TYPE_CHECKING:
    from apps.installation import Installation

_SHOWN: Final = 5  # of a list
_GROUPS: Final = 4  # of a digest, four digits each, that two people read to each other


@click.group(cls=Group)
def propose() -> None:
    """Propose an act that takes two people; another administrator approves it.

    New administrators are proposed with paraph ca admin.
    """


@propose.command(example="paraph ca propose revoke serials.txt --reason keyCompromise --as elena")
@click.argument("file", type=click.File("r", encoding="utf-8"))
@reason
@invalid_since
@as_json
@signing_in
@click.pass_obj
def revoke(
    installation: Installation,
    *,
    file: TextIO,
    reason: str,
    invalid_since: datetime | None,
    as_json: bool,
    admin: Admin,
) -> None:
    """Propose to revoke every certificate that a file names: one serial number (hex) a line, # begins a remark."""
    act = acts.RevokeMany(serials=_serials(file), reason=reason, invalid_since=in_utc(invalid_since))
    propose_act(Authority(installation), admin, act, as_json=as_json)


@propose.command(example="paraph ca propose close --as elena")
@click.option("--generation", default=FIRST, type=click.IntRange(FIRST), show_default=True, help="Of the issuing CA.")
@as_json
@signing_in
@click.pass_obj
def close(installation: Installation, *, generation: int, as_json: bool, admin: Admin) -> None:
    """Propose the last revocation list of an issuing CA, after which that signs nothing any more.

    Every certificate of it must have ended or be revoked before.
    """
    propose_act(Authority(installation), admin, acts.CloseAuthority(generation), as_json=as_json)


@click.command(cls=Command, example="paraph ca proposals")
@click.option("--all", "everything", is_flag=True, help="Those that were decided or have expired, too.")
@click.option("--limit", default=100, show_default=True, type=click.IntRange(1, 1000))
@as_json
@click.pass_obj
def proposals(installation: Installation, *, everything: bool, limit: int, as_json: bool) -> None:
    """List the proposals that wait for somebody, newest first."""
    found = Authority(installation).control.proposals(limit, waiting=not everything)
    if as_json:
        say_json(found)
        return
    say_table(
        ("Proposal", "Act", "By", "Until", "State"),
        [
            (each.proposal, each.act.title, each.proposed_by, f"{each.expires_at:%Y-%m-%d %H:%M}", each.state)
            for each in found
        ],
    )


@click.command(cls=Command, example="paraph ca approve p-1 --yes --as mihai")
@click.argument("proposal")
@click.option("--yes", is_flag=True, help="Do not ask: you have seen what is proposed.")
@as_json
@signing_in
@click.pass_obj
def approve(installation: Installation, *, proposal: str, yes: bool, as_json: bool, admin: Admin) -> None:
    """Approve what another administrator proposed, and have it done.

    It shows what is proposed, and asks. Read the digest to each other where you doubt that you see the same.
    """
    authority = Authority(installation)
    seen = authority.control.proposal(proposal)
    if not yes:
        say_facts(facts(seen))
        click.confirm("Approve this?", abort=True, err=True)
    approved = authority.control.approve(authority.session(admin), proposal, seen.digest)
    _say(_done(authority, approved), as_json=as_json)


@click.command(cls=Command, example="paraph ca reject p-1 --why 'the wrong file' --as mihai")
@click.argument("proposal")
@click.option("--why", required=True, help="For the log.")
@as_json
@signing_in
@click.pass_obj
def reject(installation: Installation, *, proposal: str, why: str, as_json: bool, admin: Admin) -> None:
    """Reject a proposal, or take your own back."""
    authority = Authority(installation)
    _say(authority.control.reject(authority.session(admin), proposal, why), as_json=as_json)


@click.command("carry-out", cls=Command, example="paraph ca carry-out p-1 --as mihai")
@click.argument("proposal")
@as_json
@signing_in
@click.pass_obj
def carry_out(installation: Installation, *, proposal: str, as_json: bool, admin: Admin) -> None:
    """Do what was approved and could not be done at once, or was interrupted."""
    authority = Authority(installation)
    session = authority.session(admin)
    found = authority.control.proposal(proposal)
    if isinstance(found.act, acts.RevokeMany):
        _say(ProposalOnRecord(_revoked(authority, proposal)), as_json=as_json)
    else:
        _say(authority.control.carry_out(session, proposal), as_json=as_json)


def propose_act(authority: Authority, admin: Admin, act: acts.AnyAct, *, as_json: bool) -> None:
    """Propose an act in the administrator's name and say what became of it.

    Raises:
        DomainError: it is refused.
    """
    _say(authority.control.propose(authority.session(admin), act), as_json=as_json)


def facts(proposal: ProposalSummary) -> list[tuple[str, str]]:
    """Return a proposal for people."""
    digest = " ".join(proposal.digest[start : start + 4] for start in range(0, 4 * _GROUPS, 4))
    found = [
        ("Proposal", proposal.proposal),
        ("Act", proposal.act.title),
        *((name.replace("_", " ").capitalize(), _words(value)) for name, value in _fields(proposal.act) if value),
        ("Digest", digest),
        ("State", proposal.state),
        ("Proposed", f"by {proposal.proposed_by} on {instant(proposal.proposed_at)}"),
        ("Until", instant(proposal.expires_at)),
    ]
    if proposal.decided_at:
        found.append(("Decided", f"by {proposal.decided_by} on {instant(proposal.decided_at)}"))
    if proposal.outcome:
        found.append(("Outcome", proposal.outcome))
    return found


def _fields(act: acts.AnyAct) -> list[tuple[str, Any]]:
    return list(msgspec.structs.asdict(act).items())


def _words(value: Any) -> str:
    if isinstance(value, list):
        more = f" … ({len(value)} in all)" if len(value) > _SHOWN else ""
        return ", ".join(str(each) for each in value[:_SHOWN]) + more
    return instant(value) if isinstance(value, datetime) else str(value)


def _done(authority: Authority, approved: ProposalOnRecord) -> ProposalOnRecord:
    if not isinstance(approved.proposal.act, acts.RevokeMany):
        return approved
    return ProposalOnRecord(_revoked(authority, approved.proposal.proposal))


def _revoked(authority: Authority, proposal: str) -> ProposalSummary:
    def progress(parts: Any) -> Any:
        return with_progress(parts, "Revoking")

    return revoke_many(proposal, authority.control, authority.operator, authority.sam(), progress)


def _say(found: ProposalOnRecord, *, as_json: bool) -> None:
    if as_json:
        say_json(found)
        return
    say_facts(facts(found.proposal))
    if found.half:
        name = msgspec.structs.asdict(found.proposal.act)["name"]
        click.echo(f"Your half of the code with which {name} enrols, shown this once: {found.half}", err=True)


def _serials(file: TextIO) -> list[str]:
    """Return the serial numbers of a file, as the record writes them.

    Raises:
        ActRefused: a line is no serial number, or there are none, too many, or one twice.
    """
    found: dict[str, int] = {}
    for number, line in enumerate(file, start=1):
        text = line.partition("#")[0].strip().replace(":", "")
        if not text:
            continue
        try:
            serial = f"{int(text, 16):040x}"
        except ValueError:
            raise ActRefused(f"line {number}: no serial number: {text[:60]!r}") from None
        if serial in found:
            raise ActRefused(f"line {number}: the same as line {found[serial]}")
        found[serial] = number
    if not 0 < len(found) <= MOST:
        raise ActRefused(f"{len(found)} serial numbers; between 1 and {MOST} are possible at once")
    return list(found)
