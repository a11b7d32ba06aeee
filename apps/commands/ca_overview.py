"""`paraph ca status`: the authority at one glance."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

import click
import msgspec
from cryptography.x509 import Name
from cryptography.x509.oid import NameOID

from apps.commands.authority import Authority
from apps.commands.frame import Command, as_json
from apps.commands.output import instant, say_facts, say_json
from apps.health import check
from ca.protocol import CertificateEnd, CertificateSummary, ListState, Overview
from ca.time_service import KernelTimeService
from core.clock import SystemClock
from core.errors import Unavailable

if TYPE_CHECKING:
    from apps.installation import Installation

_PARTS: Final = {"ocsp": "Responder", "tsu": "Time-stamping unit", "list-signer": "List's signer"}
_SOON: Final = {"ocsp": timedelta(days=7)}  # before its end a part wants renewing
_SOON_OTHERWISE: Final = timedelta(days=60)


@click.command(cls=Command, example="paraph ca status")
@as_json
@click.pass_obj
def status(installation: Installation, *, as_json: bool) -> None:
    """Show the authority on one screen: certificates and their ends, lists, clock, and what waits for somebody."""
    found = Authority(installation).operator.overview()
    problem = check(installation.settings(), "status")
    if as_json:
        more = {"status_zone": problem or "works", "clock": _clock(found.now)}
        say_json(msgspec.structs.asdict(found) | more)
        return
    say_facts(_facts(found, problem))


def _authority(each: CertificateEnd, now: datetime) -> str:
    return f"{_name(each.subject)}, {_end(each.not_after, now, _SOON_OTHERWISE)}"


def _facts(found: Overview, problem: str) -> list[tuple[str, str]]:
    root, *generations = found.authorities
    lines = [("Root", _authority(root, found.now))]
    for number, each in enumerate(generations, start=1):
        lines.append(
            ("Issuing CA" if number == found.issuing else f"CA, generation {number}", _authority(each, found.now))
        )
    lines += [_part(each, found.now) for each in found.services]
    lines += [("Revocation list", _list(found.crl, found.now)), ("Trusted list", _list(found.trusted_list, found.now))]
    counted = ", ".join(f"{number} {name}" for name, number in found.certificates.items())
    unfinished = f"; {found.unfinished} UNFINISHED: paraph ca list --unfinished" if found.unfinished else ""
    locked = f"; locked: {', '.join(found.locked_admins)}" if found.locked_admins else ""
    few = "; WITH FEWER THAN THREE NOBODY CAN BE REPLACED" if found.admins < 3 else ""
    waiting = f"{found.proposals} wait: paraph ca proposals" if found.proposals else "none waits"
    return [
        *lines,
        ("Certificates", counted + unfinished),
        ("Proposals", waiting),
        ("Administrators", f"{found.admins} can act{locked}{few}"),
        ("Status zone", problem or "works"),
        ("Clock", _clock(found.now)),
    ]


def _part(each: CertificateSummary, now: datetime) -> tuple[str, str]:
    state = "" if each.status == "good" else f" {each.status.upper()}"
    end = _end(each.not_after, now, _SOON.get(each.profile, _SOON_OTHERWISE))
    return _PARTS[each.profile], f"{_name(each.subject)}{state}, {end}"


def _name(subject: str) -> str:
    (name,) = Name.from_rfc4514_string(subject).get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(name.value)


def _list(state: ListState | None, now: datetime) -> str:
    if state is None:
        return "none"
    late = " OVERDUE" if now > state.next_update else ""
    entries = f", {state.entries} entries" if state.entries else ""
    return f"number {state.number}{entries}, next update {instant(state.next_update)}{late}"


def _end(not_after: datetime, now: datetime, soon: timedelta) -> str:
    days = (not_after - now).days
    mark = " ENDED" if now > not_after else " ENDS SOON" if not_after - now < soon else ""
    return f"until {not_after:%Y-%m-%d} ({days} days){mark}"


def _clock(authority: datetime) -> str:
    apart = abs(SystemClock().now() - authority)
    words = f"{instant(authority)}, {apart.total_seconds():.1f} s from here"
    try:
        synchronised = KernelTimeService().state().synchronised
    except Unavailable as error:
        return f"{words}; {error.detail}"
    return words + ("; kept by the time service" if synchronised else "; NO TIME SERVICE KEEPS IT")
