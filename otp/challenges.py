"""The life of a code: opened with its transaction, sent, sent again, judged, met or dead.

Rules, each in one place here:
- a guess is counted, durably, before it is compared; the count is a conditional update (attacks §3.3, G2, G7);
- attempts belong to the transaction: no resend and no new code gives more (G3);
- the same code is sent again while it lives, and lives five minutes from then; after it a new one is made (`counter` + 1,
  window 0: G6). Messages come late and in any order (docs/sms.md), and one code at most is live;
- a message that was certainly not sent costs no allowance; one that may still arrive counts like any other;
- a row that is missing, older than the newest or whose seal does not fit opens nothing (D3).
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
from otp.allowances import Allowances
from otp.codes import one_time_code, read_code, same_code
from otp.tables import Challenge, allowances, challenges, guesses
from otp.throttle import GuessRate
from storage.engine import Database
from storage.fresh_seals import FreshSeals

T = TypeVar("T")

# Built once: putting a statement together costs more than running it.
_FIND = select(challenges).where(challenges.c.challenge == bindparam("name"))
_OPEN = insert(challenges)
_COUNT_GUESS = insert(guesses)
_FORGET_GUESSES = delete(guesses).where(guesses.c.at < bindparam("before"))
_STORE = update(challenges).where(
    challenges.c.challenge == bindparam("name"), challenges.c.version == bindparam("version_before")
)
_GUESSED_RIGHT = update(guesses).where(guesses.c.id == bindparam("guess")).values(right=1)
_JUDGED = select(func.count(), func.coalesce(func.sum(1 - guesses.c.right), 0)).where(guesses.c.at > bindparam("since"))


class Challenges:
    """Opens and judges codes. Methods that take a connection run in the caller's transaction."""

    def __init__(self, database: Database, seals: FreshSeals, key: MacKey) -> None:
        self._database = database
        self._seals = seals
        self._allowances = Allowances(seals)
        self._key = key

    def open(self, connection: Connection, challenge: str, signatory: str, client: str, now: datetime) -> Challenge:
        """Open a challenge and count its first code; the caller sends it when the transaction is durable.

        Raises:
            ThrottledUntil: the signatory's allowance of codes or guesses is used up.
            RecordTampered: somebody else wrote, or took back, what the signatory has used up.
        """
        standing = self._allowances.of(connection, signatory)
        standing.allowance.allow_code(now)
        standing.allowance.allow_guess(client, now)
        opened = Challenge(
            challenge,
            1,
            signatory,
            client,
            "live",
            counter=0,
            attempts=0,
            sends=1,
            sent_at=now,
            expires_at=now + throttle.LIFE,
        )
        connection.execute(_OPEN, self._seals.sealed(connection, challenges, opened))
        self._allowances.store(connection, standing, standing.allowance.with_code(now))
        return opened

    def code(self, challenge: Challenge, binding: bytes) -> str:
        """Return the present code of a challenge."""
        return one_time_code(self._key, binding, challenge.counter)

    def find(self, connection: Connection, challenge: str) -> Challenge:
        """Return a challenge.

        Raises:
            ChallengeClosed: there is none.
            RecordTampered: its seal does not fit, or it is an older copy.
        """
        row = connection.execute(_FIND, {"name": challenge}).mappings().first()
        if row is None:
            raise ChallengeClosed("no such challenge")
        return Challenge(**self._seals.opened(connection, challenges, dict(row)))

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
            return self._store(connection, _sent_again(found, now))
        standing = self._allowances.of(connection, found.signatory)
        standing.allowance.allow_code(now)
        self._allowances.store(connection, standing, standing.allowance.with_code(now))
        new = replace(found, counter=found.counter + 1, sends=1, sent_at=now, expires_at=now + throttle.LIFE)
        return self._store(connection, new)

    def not_sent(self, connection: Connection, opened: Challenge, *, may_arrive: bool) -> None:
        """End a challenge whose first code was not sent.

        Our failure is not at the signatory's price: the allowance is given back. Not so when the message may still arrive:
        a gateway that queues is no way round the limits (attack P11).
        """
        if not may_arrive:
            self._give_back(connection, opened)
        self.close(connection, opened.challenge)

    def not_sent_again(self, connection: Connection, before: Challenge, tried: Challenge, now: datetime) -> None:
        """Undo a `resend` whose message certainly did not leave; only the waiting time begins anew."""
        found = self.find(connection, tried.challenge)
        if (found.state, found.counter, found.sends) != ("live", tried.counter, tried.sends):
            return  # judged, ended or sent again meanwhile
        if tried.counter != before.counter:
            self._give_back(connection, tried)
        self._store(connection, replace(before, version=found.version, attempts=found.attempts, sent_at=now))

    def _give_back(self, connection: Connection, sent: Challenge) -> None:
        standing = self._allowances.of(connection, sent.signatory)
        self._allowances.store(connection, standing, standing.allowance.without_code(sent.sent_at))

    def close(self, connection: Connection, challenge: str) -> None:
        """End a live challenge; a challenge that ended before stays as it is."""
        found = self.find(connection, challenge)
        if found.state == "live":
            self._store(connection, replace(found, state="dead"))

    def forget(self, connection: Connection, names: Sequence[str]) -> None:
        """Drop challenges that are over, and the codes that were counted for nobody but them."""
        connection.execute(delete(challenges).where(challenges.c.challenge.in_(names)))
        self._seals.forget(connection, challenges, names)
        self._allowances.forget(connection, names)

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
                self._meet(connection, counted, now)
                return met(connection)
            if counted.attempts >= throttle.TRIES:
                self.close(connection, challenge)
        if counted.attempts >= throttle.TRIES:
            raise SigningStopped("last try")
        raise CodeWrong(throttle.TRIES - counted.attempts)

    def take_over(self, connection: Connection) -> None:
        """Have what a restored database says of challenges, used codes and guesses count from here on."""
        self._seals.take_over(connection, challenges)
        _older, missing = self._seals.take_over(connection, allowances)
        self._allowances.begin(connection, missing)

    def guess_rate(self, connection: Connection, now: datetime) -> GuessRate:
        """Return how the guesses of the last hour went, over the whole service."""
        judged, wrong = connection.execute(_JUDGED, {"since": now - throttle.ALARM_SPAN}).one()
        return GuessRate(judged, wrong)

    def _count(self, connection: Connection, challenge: str, now: datetime) -> tuple[Challenge, int]:
        found = self._live(connection, challenge)
        if now >= found.expires_at:
            raise CodeExpired(found.expires_at.isoformat())
        standing = self._allowances.of(connection, found.signatory)
        standing.allowance.allow_guess(found.client, now)
        if found.attempts >= throttle.TRIES:
            raise SigningStopped("no tries left")
        counted = self._store(connection, replace(found, attempts=found.attempts + 1))
        self._allowances.store(connection, standing, standing.allowance.with_guess(found.client, now))
        connection.execute(_FORGET_GUESSES, {"before": now - throttle.DAY})
        guess = connection.execute(_COUNT_GUESS, {"at": now, "right": 0}).inserted_primary_key
        return counted, guess[0] if guess else 0

    def _meet(self, connection: Connection, counted: Challenge, guessed_at: datetime) -> None:
        self._store(connection, replace(self._live(connection, counted.challenge), state="met"))
        standing = self._allowances.of(connection, counted.signatory)
        self._allowances.store(connection, standing, standing.allowance.with_right(counted.client, guessed_at))

    def _live(self, connection: Connection, challenge: str) -> Challenge:
        found = self.find(connection, challenge)
        if found.state != "live":
            raise ChallengeClosed(found.state)
        return found

    def _store(self, connection: Connection, changed: Challenge) -> Challenge:
        newer = replace(changed, version=changed.version + 1)
        place = {"name": changed.challenge, "version_before": changed.version}
        stored = connection.execute(_STORE, {**place, **self._seals.sealed(connection, challenges, newer)})
        if stored.rowcount != 1:  # on a database that does not serialise writers, somebody counted in between
            raise ChallengeClosed("changed meanwhile")
        return newer


def _sent_again(found: Challenge, now: datetime) -> Challenge:
    if found.sends >= throttle.SENDS:
        raise ResendExhausted(str(found.sends))
    after = found.sent_at + throttle.WAITS[found.sends - 1]
    if now < after:
        raise ResendTooEarly(after.isoformat())
    return replace(found, sends=found.sends + 1, sent_at=now, expires_at=now + throttle.LIFE)
