"""The verdict on a file that came back from the signing service. The service may lie about everything (attack Y9).

1. It begins with the very bytes that were sent.
2. What follows adds one invisible signature and nothing else, and that signature covers the whole file up to its own end.
3. Its CMS is a PAdES baseline signature of the certificate that the authorization was for.
4. The certificate names the account's holder and chains to the pinned root.
5. The claimed time lies between the authorization and now, and so does that of every time-stamp.
6. Behind the signature there is what the level asked for wants, and nothing else: validation data that show nobody
   involved to be revoked, and a time-stamp over everything.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from cryptography.x509 import Certificate

from portal.verification.additions import Additions, additions
from portal.verification.byte_range import covered
from portal.verification.chain import check_chain, check_not_revoked
from portal.verification.cms import CheckedCms, check_cms
from portal.verification.failures import LevelWrong, SigningTimeWrong
from portal.verification.increment import added_signature
from portal.verification.levels import Level
from portal.verification.person import check_person, signatory_name
from portal.verification.revision import signed_revision
from portal.verification.time_stamp import check_time_stamp

_SKEW: Final = timedelta(minutes=5)  # between the service's clock and ours
_DATE: Final = re.compile(r"D:(\d{14})(Z|[+-]00'?00'?)?")
# By whether there are a signature time-stamp, validation data, and a document time-stamp.
_LEVELS: Final = {
    (False, False, False): Level.B,
    (True, False, False): Level.T,
    (True, True, False): Level.LT,
    (True, True, True): Level.LTA,
}


@dataclass(frozen=True, slots=True)
class Expected:
    """What the portal asked for."""

    original: bytes
    certificate: bytes  # DER: the credential's, as named before the authorization
    person: str  # the account's holder
    root: Certificate
    asked_at: datetime
    level: Level


@dataclass(frozen=True, slots=True)
class Verified:
    """What a good file says."""

    signatory: str
    signed_at: datetime
    level: Level


def verify(signed: bytes, expected: Expected, now: datetime) -> Verified:
    """Return who signed and when, after all checks.

    Raises:
        VerificationFailed: the subclass names the first rule that is broken.
    """
    revision = signed_revision(expected.original, signed)
    signature = added_signature(expected.original, revision)
    content, der = covered(revision, signature.byte_range, signature.contents, after=len(expected.original))
    cms = check_cms(der, content, expected.certificate)
    signed_at = _within(_claimed(signature.claimed_time), expected.asked_at, now)
    check_person(expected.certificate, expected.person)
    others = [each for each in cms.certificates if each != expected.certificate]
    check_chain(expected.certificate, others, expected.root, signed_at)
    added = additions(revision, signed)
    level = _level(cms, added)
    if level is not expected.level:
        raise LevelWrong(f"{level.value} instead of {expected.level.value}")
    if added.evidence is not None:
        check_not_revoked(expected.certificate, others, expected.root, added.evidence, now)
    _check_time_stamps(signed, revision, cms, added, expected, now)
    return Verified(signatory_name(expected.certificate), signed_at, level)


def _level(cms: CheckedCms, added: Additions) -> Level:
    level = _LEVELS.get((cms.time_stamp is not None, added.evidence is not None, added.time_stamp is not None))
    if level is None:
        raise LevelWrong("validation data without a time-stamp on the signature")
    return level


def _check_time_stamps(
    signed: bytes, revision: bytes, cms: CheckedCms, added: Additions, expected: Expected, now: datetime
) -> None:
    stamps = [] if cms.time_stamp is None else [(cms.time_stamp, cms.signature)]
    if added.time_stamp is not None:
        ranges, contents = added.time_stamp.byte_range, added.time_stamp.contents
        stamped, token = covered(signed, ranges, contents, after=len(revision))
        stamps.append((token, stamped))
    for token, stamped in stamps:
        _within(check_time_stamp(token, stamped, expected.root, added.evidence, now), expected.asked_at, now)


def _claimed(text: str | None) -> datetime:
    """Return the time in /M, which PAdES demands (EN 319 142-1 §6.3)."""
    match = _DATE.fullmatch(text or "")
    if match is None:
        raise SigningTimeWrong("missing, or not in UTC")
    try:
        return datetime.strptime(match[1], "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError as error:
        raise SigningTimeWrong("no date") from error


def _within(instant: datetime, asked_at: datetime, now: datetime) -> datetime:
    if not asked_at - _SKEW <= instant <= now + _SKEW:
        raise SigningTimeWrong(str(instant))
    return instant
