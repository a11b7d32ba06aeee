"""What the `status` zone says of itself to whoever watches it: the clock behind the time-stamps, and what ends when.

Every value is a reading of this moment, not a count, so it does not matter which of the zone's processes takes it.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from cryptography import x509

from ca.status_files import read
from ca.status_parts import StatusParts
from ca.trusted_clock import TrustedClock
from core import addresses
from core.errors import DomainError, Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable


class Reading(NamedTuple):
    """One measure: its name and what it says in words; its value, or one for each value of a label."""

    name: str
    words: str
    label: str  # "" where there is one value, under ""
    values: dict[str, float]


class StatusReadings:
    """Takes the readings."""

    def __init__(self, clock: TrustedClock, parts: StatusParts, published: Path) -> None:
        self._clock = clock
        self._parts = parts
        self._published = published

    def take(self) -> list[Reading]:
        """Return every reading; without values where none can be taken now: the log and the health check say why."""
        return [
            *self._of_clock(),
            Reading("key_ends_timestamp_seconds", "When the part's key ends.", "part", _or_none(self._ends)),
            Reading("list_next_update_timestamp_seconds", "When the list is over.", "list", _or_none(self._lists)),
        ]

    def _of_clock(self) -> list[Reading]:
        state = self._clock.state()
        measures = (
            ("drift_seconds", "The clock less the machine's running time, since the process began.", state.drift),
            ("largest_error_seconds", "What the time service allows for.", state.largest_error),
            ("synchronised", "Whether the time service keeps the clock.", state.synchronised),
            ("told", "Whether the time is above doubt, so that tokens are issued.", state.told),
        )
        return [
            Reading(
                f"tsa_clock_{name}", words, "", {"": float(value) if isinstance(value, bool) else value.total_seconds()}
            )
            for name, words, value in measures
        ]

    def _ends(self) -> dict[str, float]:
        found = {"tsu": self._parts.unit.current().ends}
        for number in self._parts.issuers.numbers():
            name = addresses.issuing_name(number).replace("issuing", "ocsp")
            found[name] = self._parts.issuers.answered(number).delegation().key.ends
        return {part: ends.timestamp() for part, ends in found.items()}

    def _lists(self) -> dict[str, float]:
        names = ["root", *(addresses.issuing_name(number) for number in self._parts.issuers.numbers())]
        return {name: _next_update(read(self._published, f"{name}.crl")) for name in names}


def _or_none(values: Callable[[], dict[str, float]]) -> dict[str, float]:
    try:
        return values()
    except DomainError:
        return {}


def _next_update(der: bytes) -> float:
    try:
        ends: datetime | None = x509.load_der_x509_crl(der).next_update_utc
    except ValueError as error:
        raise Unavailable(str(error)) from error
    return ends.timestamp() if ends else 0.0
