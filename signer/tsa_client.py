"""The time-stamping authority over HTTP. Source: RFC 3161 §3.4."""

from __future__ import annotations

from core.algorithms import HashAlgorithm
from core.clock import Clock
from core.entropy import Entropy
from core.time_stamp import LONGEST_ANSWER, TimeStamp, TimeStampTrust, check_answer, check_token, time_stamp_request
from signer.outside import Outside


class TsaClient:
    """Asks one authority, and believes it only after every check of `core.time_stamp`."""

    def __init__(self, outside: Outside, url: str, trust: TimeStampTrust, clock: Clock, entropy: Entropy) -> None:
        self._outside = outside
        self._url = url
        self._trust = trust
        self._clock = clock
        self._entropy = entropy

    def stamp(self, algorithm: HashAlgorithm, digest: bytes) -> TimeStamp:
        """Return a time-stamp on a digest.

        Raises:
            OutsideFailed: the authority does not answer.
            TimeStampWrong: what it answers must not be believed.
        """
        asked = time_stamp_request(algorithm, digest, self._entropy)
        answer = self._outside.post(
            self._url,
            asked.der,
            media_type="application/timestamp-query",
            answer_type="application/timestamp-reply",
            limit=LONGEST_ANSWER,
        )
        return check_answer(answer, asked, self._trust, self._clock.now())

    def check(self, token: bytes, algorithm: HashAlgorithm, digest: bytes) -> TimeStamp:
        """Return a time-stamp on a digest that this authority gave before.

        Raises:
            TimeStampWrong: it must not be believed.
        """
        return check_token(token, algorithm, digest, self._trust)
