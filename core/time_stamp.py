"""Time-stamps from somebody else: what is asked for, and what must hold before an answer is believed (attack Y6).

A token counts only after every check here:

1. the answer grants, and carries a token of strict form whose signature verifies (`core.signed_data`);
2. it stamps the very imprint that was asked for, and gives back the nonce;
3. under a policy that is expected, with no critical extension;
4. its unit may do nothing but time-stamping (RFC 3161 §2.3), chains to a pinned certificate, and was valid at that time
   (its key's own period included); every certificate in the token has a part in that chain;
5. its accuracy is a second or better (EN 319 422 §5.2.2), and its time lies within minutes of ours.

There is no I/O here: whoever needs time-stamps brings the question to an authority by a way of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.hazmat import asn1
from cryptography.x509.oid import ExtendedKeyUsageOID
from cryptography.x509.verification import Criticality, ExtensionPolicy, Policy, PolicyBuilder, Store, VerificationError

from core.algorithms import HashAlgorithm
from core.cms import TST_INFO
from core.der import tlv
from core.entropy import Entropy
from core.errors import DomainError
from core.signed_data import SignedContent, SignedDataInvalid, SignedDataMalformed, read_signed_data
from core.tsp import Accuracy, AlgorithmIdentifier, Granted, MessageImprint, Refusal, TimeStampReq, TstInfo

LONGEST_ANSWER: Final = 64_000  # bytes: a token with a chain of RSA certificates takes about 7,000
_GRANTED: Final = frozenset({0, 1})  # RFC 3161 §2.4.2: granted, with modifications
_NONCE: Final = 16  # bytes
_TOLERANCE: Final = timedelta(minutes=2)  # between the authority's clock and ours
_WORST_ACCURACY: Final = timedelta(seconds=1)


class TimeStampWrong(DomainError):
    """An answer that must not be believed."""


class NotGranted(TimeStampWrong):
    """The authority refuses, or answers with something else than an answer."""


class TokenMalformed(TimeStampWrong):
    """Not DER, or not the structure that a token has."""


class TokenInvalid(TimeStampWrong):
    """Its signature does not verify."""


class ImprintDiffers(TimeStampWrong):
    """It stamps something else than what was asked for."""


class NonceDiffers(TimeStampWrong):
    """It is not the answer to this question."""


class PolicyDiffers(TimeStampWrong):
    """It was made under another policy, or says something critical that nobody here understands."""


class UnitUntrusted(TimeStampWrong):
    """Who stamped is nobody whom we trust to, or was not allowed to at that time."""


class TimeDiffers(TimeStampWrong):
    """Its time is not that of this moment, or is too vague."""


@dataclass(frozen=True, slots=True)
class TimeStampTrust:
    """Whose time-stamps are believed: pinned certificates that a unit's must chain to, and policies (dotted OIDs).

    `known` are certificates that a chain may go through beside those that come with a token.
    """

    anchors: tuple[x509.Certificate, ...]
    policies: frozenset[str]
    known: tuple[x509.Certificate, ...] = ()


@dataclass(frozen=True, slots=True)
class TimeStampRequest:
    """A question to an authority."""

    algorithm: HashAlgorithm
    digest: bytes
    nonce: int
    der: bytes


_SEAL: Final = object()  # named in this module only


class TimeStamp:
    """A token that was checked. Only the functions of this module make one."""

    def __init__(
        self, signed: SignedContent, token: bytes, at: datetime, chain: tuple[x509.Certificate, ...], seal: object
    ) -> None:
        if seal is not _SEAL:
            raise TypeError("built outside core.time_stamp")
        self.token: Final = token  # the CMS ContentInfo, DER
        self.at: Final = at
        self.chain: Final = chain  # the unit's certificate first, the pinned one last
        self.embedded: Final = (signed.signer, *signed.others)  # the certificates in the token


def time_stamp_request(algorithm: HashAlgorithm, digest: bytes, entropy: Entropy) -> TimeStampRequest:
    """Return a question about a digest: with a nonce, and for a token that has its certificates inside."""
    return time_stamp_request_with(algorithm, digest, int.from_bytes(entropy.token_bytes(_NONCE)))


def time_stamp_request_with(algorithm: HashAlgorithm, digest: bytes, nonce: int) -> TimeStampRequest:
    """Return the question with a nonce that was drawn before: the same one again, wherever it is put together."""
    asked = TimeStampReq(
        version=1, imprint=_imprint(algorithm, digest), policy=None, nonce=nonce, cert_req=True, extensions=None
    )
    return TimeStampRequest(algorithm, digest, nonce, asn1.encode_der(asked))


def check_answer(answer: bytes, asked: TimeStampRequest, trust: TimeStampTrust, now: datetime) -> TimeStamp:
    """Return the time-stamp in an answer, DER, to this very question, asked just now.

    Raises:
        TimeStampWrong: the subclass names the first check that fails.
    """
    found = _checked(_token(answer), asked.algorithm, asked.digest, trust)
    if found.info.nonce != asked.nonce:
        raise NonceDiffers("none" if found.info.nonce is None else "another")
    if abs(found.stamp.at - now) > _TOLERANCE:
        raise TimeDiffers(f"{found.stamp.at} at {now}")
    return found.stamp


def check_token(token: bytes, algorithm: HashAlgorithm, digest: bytes, trust: TimeStampTrust) -> TimeStamp:
    """Return the time-stamp in a token, DER, that was kept: everything is checked but when and for whom it was made.

    Raises:
        TimeStampWrong: the subclass names the first check that fails.
    """
    return _checked(token, algorithm, digest, trust).stamp


@dataclass(frozen=True, slots=True)
class _Found:
    info: TstInfo
    stamp: TimeStamp


def _token(answer: bytes) -> bytes:
    if len(answer) > LONGEST_ANSWER:
        raise TokenMalformed(f"{len(answer)} bytes")
    try:
        response = asn1.decode_der(Granted, answer)
    except ValueError as error:
        raise NotGranted(_reason(answer)) from error
    if response.status.status not in _GRANTED:
        raise NotGranted(f"status {response.status.status}, with a token")
    return tlv(response.token.tag_bytes, bytes(response.token.data))


def _reason(answer: bytes) -> str:
    try:
        status = asn1.decode_der(Refusal, answer).status
    except ValueError:
        return "not a response"
    return f"status {status.status}: {' '.join(status.text or ())}"[:300]


def _checked(token: bytes, algorithm: HashAlgorithm, digest: bytes, trust: TimeStampTrust) -> _Found:
    try:
        signed = read_signed_data(token, TST_INFO)
        info = asn1.decode_der(TstInfo, signed.content)
    except (SignedDataMalformed, ValueError) as error:
        raise TokenMalformed(str(error)[:300]) from error
    except SignedDataInvalid as error:
        raise TokenInvalid(error.detail) from error
    _check_content(info, algorithm, digest, trust)
    at = info.gen_time.as_datetime().replace(tzinfo=UTC)
    chain = _chain(signed, trust, at)
    return _Found(info, TimeStamp(signed, token, at, chain, _SEAL))


def _check_content(info: TstInfo, algorithm: HashAlgorithm, digest: bytes, trust: TimeStampTrust) -> None:
    if info.version != 1:
        raise TokenMalformed(f"version {info.version}")
    stamped = info.imprint
    if (stamped.hash_algorithm.algorithm.dotted_string, stamped.hashed_message) != (algorithm.oid, digest):
        raise ImprintDiffers(stamped.hash_algorithm.algorithm.dotted_string)
    if info.policy.dotted_string not in trust.policies:
        raise PolicyDiffers(info.policy.dotted_string)
    if any(each.critical for each in info.extensions or ()):
        raise PolicyDiffers("a critical extension")
    if info.accuracy is None or _span(info.accuracy) > _WORST_ACCURACY:
        raise TimeDiffers("accuracy")


def _chain(signed: SignedContent, trust: TimeStampTrust, at: datetime) -> tuple[x509.Certificate, ...]:
    """Return the chain from the unit to a pinned certificate, as it was at that time."""
    _check_key_period(signed.signer, at)
    verifier = (
        PolicyBuilder()
        .store(Store(list(trust.anchors)))
        .time(at)
        .extension_policies(ca_policy=_AUTHORITY, ee_policy=_UNIT)
        .build_client_verifier()
    )
    try:
        chain = verifier.verify(signed.signer, [*signed.others, *trust.known]).chain
    except (VerificationError, ValueError) as error:
        raise UnitUntrusted(str(error)[:300]) from error
    if not set(signed.others) <= set(chain):
        raise UnitUntrusted("a certificate that has no part in the chain")
    return tuple(chain)


def _check_key_period(certificate: x509.Certificate, at: datetime) -> None:
    """Check the time in which the key may be used, where that is shorter than the certificate's (EN 319 422 §6.4)."""
    try:
        period = certificate.extensions.get_extension_for_class(x509.PrivateKeyUsagePeriod).value
    except x509.ExtensionNotFound:
        return
    except (ValueError, x509.DuplicateExtension) as error:
        raise UnitUntrusted(str(error)[:300]) from error
    first, last = period.not_before, period.not_after  # in UTC, and without saying so
    if (first and at < first.replace(tzinfo=UTC)) or (last and at > last.replace(tzinfo=UTC)):
        raise UnitUntrusted("the unit's key was not to be used at that time")


def _only_time_stamping(_policy: Policy, _certificate: x509.Certificate, usages: x509.ExtendedKeyUsage) -> None:
    if list(usages) != [ExtendedKeyUsageOID.TIME_STAMPING]:
        raise ValueError("for another purpose than time-stamping")


_AUTHORITY: Final = ExtensionPolicy.webpki_defaults_ca()
_UNIT: Final = ExtensionPolicy.permit_all().require_present(
    x509.ExtendedKeyUsage, Criticality.CRITICAL, _only_time_stamping
)


def _imprint(algorithm: HashAlgorithm, digest: bytes) -> MessageImprint:
    identifier = AlgorithmIdentifier(algorithm=x509.ObjectIdentifier(algorithm.oid), parameters=None)
    return MessageImprint(hash_algorithm=identifier, hashed_message=digest)


def _span(accuracy: Accuracy) -> timedelta:
    return timedelta(
        seconds=accuracy.seconds or 0, milliseconds=accuracy.millis or 0, microseconds=accuracy.micros or 0
    )
