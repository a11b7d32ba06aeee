"""The verdict on a file that came back from the signing service. The service may lie about everything (attack Y9).

1. It begins with the very bytes that were sent.
2. What follows adds one invisible signature and nothing else.
3. That signature covers the whole file.
4. Its CMS is a PAdES baseline signature of the certificate that the authorization was for.
5. The certificate names the account's holder and chains to the pinned root.
6. The claimed time lies between the authorization and now.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from cryptography.x509 import Certificate

from portal.verification.byte_range import covered
from portal.verification.chain import check_chain
from portal.verification.cms import check_cms
from portal.verification.failures import SigningTimeWrong
from portal.verification.increment import added_signature
from portal.verification.person import check_person, signatory_name

_SKEW: Final = timedelta(minutes=5)  # between the service's clock and ours
_DATE: Final = re.compile(r"D:(\d{14})(Z|[+-]00'?00'?)?")


@dataclass(frozen=True, slots=True)
class Expected:
    """What the portal asked for."""

    original: bytes
    certificate: bytes  # DER: the credential's, as named before the authorization
    person: str  # the account's holder
    root: Certificate
    asked_at: datetime


@dataclass(frozen=True, slots=True)
class Verified:
    """What a good file says."""

    signatory: str
    signed_at: datetime


def verify(signed: bytes, expected: Expected, now: datetime) -> Verified:
    """Return who signed and when, after all checks.

    Raises:
        VerificationFailed: the subclass names the first rule that is broken.
    """
    signature = added_signature(expected.original, signed)
    content, cms = covered(signed, signature.byte_range, signature.contents, after=len(expected.original))
    certificates = check_cms(cms, content, expected.certificate)
    signed_at = _claimed(signature.claimed_time, expected.asked_at, now)
    check_person(expected.certificate, expected.person)
    others = [each for each in certificates if each != expected.certificate]
    check_chain(expected.certificate, others, expected.root, signed_at)
    return Verified(signatory_name(expected.certificate), signed_at)


def _claimed(text: str | None, asked_at: datetime, now: datetime) -> datetime:
    """Return the time in /M, which PAdES demands (EN 319 142-1 §6.3)."""
    match = _DATE.fullmatch(text or "")
    if match is None:
        raise SigningTimeWrong("missing, or not in UTC")
    try:
        claimed = datetime.strptime(match[1], "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError as error:
        raise SigningTimeWrong("no date") from error
    if not asked_at - _SKEW <= claimed <= now + _SKEW:
        raise SigningTimeWrong(str(claimed))
    return claimed
