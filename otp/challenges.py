"""The life of a code: opened with its transaction, sent, sent again, judged, met or dead.

Rules, each in one place here:
- a guess is counted, durably, before it is compared; the count is a conditional update (attacks §3.3, G2, G7);
- attempts belong to the transaction: no resend and no new code gives more (G3);
- the same code is sent again while it lives, and lives five minutes from then; after it a new one is made (`counter` + 1,
  window 0: G6). Messages come late and in any order (docs/sms.md), and one code at most is live;
- a message that was certainly not sent costs no allowance; one that may still arrive counts like any other;
- a row that is missing or whose seal does not fit opens nothing (D3).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TypeVar

from sqlalchemy import Connection, bindparam, delete, func, insert, select, update

from core.factors import (
    ChallengeClosed,
    CodeExpired,
    CodeWrong,
    ResendExhausted,
    ResendTooEarly,
    SigningStopped,
)
from hsm.ports import MacKey
from otp import throttle
from otp.codes import one_time_code, read_code, same_code
from otp.tables import Challenge, challenges, codes, guesses
from storage.engine import Database
from storage.seals import Seals

T = TypeVar("T")

# Built once: putting a statement together costs more than running it.
_FIND = select(challenges).where(challenges.c.challenge == bindparam("name"))
_OPEN = insert(challenges)
_COUNT_CODE = insert(codes)
_COUNT_GUESS = insert(guesses)
_STORE = update(challenges).where(
    challenges.c.challenge == bindparam("name"), challenges.c.attempts == bindparam("attempts_before")
)
_GUESSED_RIGHT = update(guesses).where(guesses.c.id == bindparam("guess")).values(right=1)


class Challenges:
    """Opens and judges codes. Methods that take a connection run in the caller's transaction."""

    def __init__(self, database: Database, seals: Seals, key: MacKey) -> None:
        self._database = database
        self._seals = seals
        self._key = key

    def open(self, connection: Connection, challenge: str, signatory: str, client: str, now: datetime) -> Challenge:
        """Open a challenge and count its first code; the caller sends it when the transaction is durable.

        Raises:
            ThrottledUntil: the signatory's allowance of codes or guesses is used up.
        """
        throttle.allow_code(connection, signatory, now)
        throttle.allow_guess(connection, signatory, client, now)
        opened = Challenge(
            challenge,
            signatory,
            client,
            "live",
            counter=0,
            attempts=0,
            sends=1,
            sent_at=now,
            expires_at=now + throttle.LIFE,
        )
        connection.execute(_OPEN, self._row(opened))
        connection.execute(_COUNT_CODE, {"signatory": signatory, "challenge": challenge, "at": now})
        return opened

    def code(self, challenge: Challenge, binding: bytes) -> str:
        """Return the present code of a challenge."""
        return one_time_code(self._key, binding, challenge.counter)

    def find(self, connection: Connection, challenge: str) -> Challenge:
        """Return a challenge.

        Raises:
            ChallengeClosed: there is none.
            RecordTampered: its seal does not fit.
        """
        row = connection.execute(_FIND, {"name": challenge}).mappings().first()
        if row is None:
            raise ChallengeClosed("no such challenge")
        return Challenge(**self._seals.opened(challenges, dict(row)))

    def resend(self, connection: Connection, challenge: str, now: datetime) -> Challenge:
        """Count one more sending: of the same code while it lives, of a new one after.

        Raises:
            ChallengeClosed: it was met, or is dead.
            ResendTooEarly: the waiting time is not over.
            ResendExhausted: this code was sent as often as it may be.
            ThrottledUntil: a new code is needed and the allowance is used up.
        """
        found = self._live(connection, challenge)
        if now < found.expires_at:
            sent = _sent_again(found, now)
        else:
            throttle.allow_code(connection, found.signatory, now)
            connection.execute(_COUNT_CODE, {"signatory": found.signatory, "challenge": challenge, "at": now})
            sent = replace(found, counter=found.counter + 1, sends=1, sent_at=now, expires_at=now + throttle.LIFE)
        self._store(connection, sent)
        return sent

    def not_sent(self, connection: Connection, challenge: str, *, may_arrive: bool) -> None:
        """End a challenge whose first code was not sent.

        Our failure is not at the signatory's price: the allowance is given back. Not so when the message may still arrive:
        a gateway that queues is no way round the limits (attack P11).
        """
        if not may_arrive:
            connection.execute(delete(codes).where(codes.c.challenge == challenge))
        self.close(connection, challenge)

    def not_sent_again(self, connection: Connection, before: Challenge, tried: Challenge, now: datetime) -> None:
        """Undo a `resend` whose message certainly did not leave; only the waiting time begins anew."""
        found = self.find(connection, tried.challenge)
        if (found.state, found.counter, found.sends) != ("live", tried.counter, tried.sends):
            return  # judged, ended or sent again meanwhile
        if tried.counter != before.counter:
            newest = select(func.max(codes.c.id)).where(codes.c.challenge == tried.challenge)
            connection.execute(delete(codes).where(codes.c.id == newest.scalar_subquery()))
        self._store(connection, replace(before, attempts=found.attempts, sent_at=now))

    def close(self, connection: Connection, challenge: str) -> None:
        """End a live challenge; a challenge that ended before stays as it is."""
        found = self.find(connection, challenge)
        if found.state == "live":
            self._store(connection, replace(found, state="dead"))

    def forget(self, connection: Connection, names: Sequence[str]) -> None:
        """Drop challenges that are over, and the codes that were counted for nobody but them."""
        connection.execute(delete(challenges).where(challenges.c.challenge.in_(names)))
        connection.execute(delete(codes).where(codes.c.signatory.in_(names)))

    def judge(
        self,
        challenge: str,
        typed: str,
        binding: Callable[[], bytes],
        now: datetime,
        met: Callable[[Connection], T],
    ) -> T:
        """Judge a typed code; when it is right, return what `met` does in the transaction that uses the challenge up.

        Raises:
            CodeMalformed: not eight digits; nothing was judged.
            CodeExpired: the code's time is over; nothing was judged.
            ChallengeClosed: it was used, or is dead.
            ThrottledUntil: a budget of guesses is spent; nothing was judged.
            CodeWrong: judged and wrong; tries are left.
            SigningStopped: judged and wrong for the last time.
        """
        code = read_code(typed)
        with self._database.transaction() as connection:
            counted, guess = self._count(connection, challenge, now)
        right = same_code(code, self.code(counted, binding()))
        with self._database.transaction() as connection:
            if right:
                connection.execute(_GUESSED_RIGHT, {"guess": guess})
                self._meet(connection, challenge)
                return met(connection)
            if counted.attempts >= throttle.TRIES:
                self.close(connection, challenge)
        if counted.attempts >= throttle.TRIES:
            raise SigningStopped("last try")
        raise CodeWrong(throttle.TRIES - counted.attempts)

    def _count(self, connection: Connection, challenge: str, now: datetime) -> tuple[Challenge, int]:
        found = self._live(connection, challenge)
        if now >= found.expires_at:
            raise CodeExpired(found.expires_at.isoformat())
        throttle.allow_guess(connection, found.signatory, found.client, now)
        if found.attempts >= throttle.TRIES:
            raise SigningStopped("no tries left")
        counted = replace(found, attempts=found.attempts + 1)
        self._store(connection, counted, attempts_before=found.attempts)
        judged = {"signatory": found.signatory, "client": found.client, "at": now, "right": 0}
        guess = connection.execute(_COUNT_GUESS, judged).inserted_primary_key
        return counted, guess[0] if guess else 0

    def _meet(self, connection: Connection, challenge: str) -> None:
        self._store(connection, replace(self._live(connection, challenge), state="met"))

    def _live(self, connection: Connection, challenge: str) -> Challenge:
        found = self.find(connection, challenge)
        if found.state != "live":
            raise ChallengeClosed(found.state)
        return found

    def _store(self, connection: Connection, changed: Challenge, attempts_before: int | None = None) -> None:
        before = changed.attempts if attempts_before is None else attempts_before
        place = {"name": changed.challenge, "attempts_before": before}
        stored = connection.execute(_STORE, {**place, **self._row(changed)})
        if stored.rowcount != 1:  # on a database that does not serialise writers, somebody counted in between
            raise ChallengeClosed("changed meanwhile")

    def _row(self, challenge: Challenge) -> dict[str, object]:
        return self._seals.sealed(challenges, challenge)


def _sent_again(found: Challenge, now: datetime) -> Challenge:
    if found.sends >= throttle.SENDS:
        raise ResendExhausted(str(found.sends))
    after = found.sent_at + throttle.WAITS[found.sends - 1]
    if now < after:
        raise ResendTooEarly(after.isoformat())
    return replace(found, sends=found.sends + 1, sent_at=now, expires_at=now + throttle.LIFE)
