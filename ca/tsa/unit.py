"""The time-stamping unit: judges a request, stamps it, and says why not. Source: RFC 3161; EN 319 421 §7.7.

The order is the promise: the request is judged, the time is asked for and stands above doubt, the key may still be
used, and only then it signs. What it signs is always a TSTInfo that was built here.
"""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Final

from cryptography.x509 import ObjectIdentifier

from ca.delegated import DelegatedKey
from ca.draft import new_serial
from ca.trusted_clock import ACCURACY
from ca.tsa import request as requests
from ca.tsa.token import Failure, granted, refused, tst_info
from core.clock import Clock
from core.cms import TST_INFO, CmsTemplate
from core.entropy import Entropy
from core.errors import ClockInDoubt, DomainError

log = logging.getLogger(__name__)

_FAILURES: Final[dict[type[DomainError], Failure]] = {
    requests.TspRequestMalformed: Failure.BAD_DATA_FORMAT,
    requests.TspRequestRefused: Failure.BAD_REQUEST,
    requests.ImprintAlgorithmRefused: Failure.BAD_ALG,
    requests.PolicyUnknown: Failure.UNACCEPTED_POLICY,
    requests.ExtensionUnknown: Failure.UNACCEPTED_EXTENSION,
    ClockInDoubt: Failure.TIME_NOT_AVAILABLE,
}


class TimeStampingUnit:
    """Stamps under one policy with one key."""

    def __init__(
        self, delegated: DelegatedKey, policy: str, clock: Clock, entropy: Entropy, *, qualified: bool = False
    ) -> None:
        """`clock` refuses to tell a time in doubt: `ca.trusted_clock.TrustedClock`."""
        self._delegated = delegated
        self._policy = ObjectIdentifier(policy)
        self._clock = clock
        self._entropy = entropy
        self._qualified = qualified
        chain = [delegated.certificate_der, delegated.issuer_der]
        self._with_certificates = CmsTemplate.of(chain, delegated.algorithm, TST_INFO)
        self._without = CmsTemplate.of(chain, delegated.algorithm, TST_INFO, embed=False)

    @property
    def ends(self) -> datetime:
        """The last instant at which it stamps."""
        return self._delegated.ends

    def respond(self, der: bytes) -> bytes:
        """Return the TimeStampResp, DER, to a request: a token, or why there is none."""
        try:
            return granted(self.stamp(der))
        except DomainError as error:
            failure = _FAILURES.get(type(error), Failure.SYSTEM_FAILURE)
            log.info("no token", extra={"failure": failure.name, "error": type(error).__name__, "detail": error.detail})
            return refused(failure)

    def stamp(self, der: bytes) -> bytes:
        """Return the time-stamp token, DER, that a request asks for.

        Raises:
            DomainError: there is none; `respond` knows how to say why.
        """
        asked = requests.read(der, self._policy)
        now = self._clock.now()
        self._delegated.check_valid(now)
        info = tst_info(
            asked,
            policy=self._policy,
            serial=new_serial(self._entropy),  # 159 random bits: unique without a record that a restore could set back
            at=now,
            accuracy=ACCURACY,
            qualified=self._qualified,
        )
        template = self._with_certificates if asked.wants_certificates else self._without
        digest = template.algorithm.hash.new(info).digest()
        signature = self._delegated.sign(template.signed_attributes(digest))
        return template.assemble(digest, signature, info)
