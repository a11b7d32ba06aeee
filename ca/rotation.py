"""Rotation of the issuing key: a new generation is certified by the root and takes over, with overlap.

The steps, each of which finds out whether it is done, so that an attempt that was cut short is completed:

1. two people decided, and that it began is on record;
2. the token makes the new key, the root certifies it (`ca.root_ca`), the certificate is published and pinned;
3. the new generation publishes its first list and certifies the responder that will answer for it;
4. it takes over: a sealed row, the audit log and the end of the proposal in one transaction.

Until step 4 the generation before it issues; from then on that one signs lists and its responder's certificates only,
until its last certificate has ended.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final

from sqlalchemy import Connection

from ca import audit
from ca.acts import RotateIssuingKey
from ca.begun import Begun
from ca.draft import Issuer, whole_seconds
from ca.generations import Generation
from ca.names import authority_name
from ca.parts import Parts
from ca.profiles import issuing
from ca.protocol import RotationRefused
from ca.revocation_lists import RevocationLists
from core.config import Ca
from core.errors import Malformed

_NUMBERED: Final = re.compile(r"(.*) G([1-9][0-9]*)")


class Rotation:
    """What the authority does in a rotation of its issuing key."""

    def __init__(self, parts: Parts, lists: RevocationLists, settings: Ca) -> None:
        self._parts = parts
        self._lists = lists
        self._settings = settings

    def next(self, connection: Connection) -> RotateIssuingKey:
        """Return the rotation that comes next: the settings' key type, and a name that counts on.

        Raises:
            RotationRefused: the present name does not end with G and its number, so that none follows from it.
            RecordTampered: the record cannot be trusted.
        """
        number = self._parts.successions.issuing(connection).number + 1
        return RotateIssuingKey(
            generation=number,
            name=next_name(self._settings.issuing_name, number),
            key=self._settings.key,
            days=most_days(self._settings, self._parts.generations.root, self._parts.clock.now()),
        )

    def check(self, connection: Connection, act: RotateIssuingKey) -> None:
        """Check that a rotation could be carried out.

        Raises:
            RotationRefused: the detail says why not.
            RecordTampered: the record cannot be trusted.
        """
        current = self._parts.successions.issuing(connection)
        if act.generation != current.number + 1:
            raise RotationRefused(f"generation {current.number} issues, {act.generation} is not the next")
        most = most_days(self._settings, self._parts.generations.root, self._parts.clock.now())
        if not self._settings.validity_days < act.days <= most:
            raise RotationRefused(f"{act.days} days: more than a signatory's certificate has, and at most {most}")
        try:
            name = authority_name(self._settings, act.name)
        except Malformed as error:
            raise RotationRefused(f"{act.name!r}: {error.detail}") from error
        if not act.name.startswith("TEST "):
            raise RotationRefused(f"{act.name!r}: the name of a test CA begins with TEST")
        for each in self._parts.generations:
            if each.issuer.name == name and each.number != act.generation:
                raise RotationRefused(f"{act.name!r} is the name of generation {each.number}")

    def take_over(self, begun: Begun[RotateIssuingKey]) -> Generation:
        """Have the new generation issue from now on.

        Raises:
            ProposalClosed, ProposalExpired: the rotation is done, or its time is over.
            RotationRefused: it is not the one that was decided on, or nobody can answer for its certificates yet.
            GenerationUnknown: its certificate is not pinned.
            AlreadySucceeded: a later one issues.
            Unavailable: token, database or disk do not work, or the record is an old copy.
        """
        begun.check_under_way()
        self._parts.generations.look_again()
        generation = self._parts.generations.numbered(begun.act.generation)
        if generation.issuer.name != authority_name(self._settings, begun.act.name):
            raise RotationRefused("another CA is pinned than was decided on")
        self._lists.of(generation).publish_if_due()
        self._lists.check_certifies(generation)
        now = whole_seconds(self._parts.clock.now())
        with self._parts.database.transaction() as connection:
            if not self._parts.statuses.in_force(connection, generation.identifier, now):
                raise RotationRefused("no responder answers for its certificates yet")
            new = self._parts.successions.add(connection, generation, now)
            self._parts.audit.append(
                connection, audit.SUCCESSION, now, generation=new.generation, issuer=new.issuer, by=begun.by
            )
            begun.finish(connection, f"{begun.act.name} issues")
        return generation


def most_days(settings: Ca, root: Issuer, now: datetime) -> int:
    """Return for how many days an issuing CA may be certified now: as its profile says, and not beyond its root."""
    return min(issuing(settings).validity.days, (root.not_after - now).days)


def next_name(name: str, number: int) -> str:
    """Return the name of a generation, from that of another: "TEST CA G1" → "TEST CA G2".

    Raises:
        RotationRefused: it has no number at its end.
    """
    found = _NUMBERED.fullmatch(name)
    if found is None:
        raise RotationRefused(f"{name!r} has no G and number at its end: say the new name")
    return f"{found[1]} G{number}"
