"""Asking for a time-stamp, and judging what comes back, without speaking to anybody. Source: RFC 3161 §2.4; RFC 5816.

What carries request and response is not trusted, nor is the authority's word about itself. A token counts when (attack Y6)

1. it is one CMS SignedData over one TSTInfo, with one signer;
2. the TSTInfo has exactly the imprint, the nonce and the policy that were asked for, and no critical extension;
3. the signed attributes name that TSTInfo by its digest and the signer's certificate by its SHA-256, each once;
4. the signature verifies with that certificate's key, by an algorithm of TS 119 312;
5. the certificate is for time-stamping alone, and at the token's time it was valid under a pinned authority, and its key
   was in its time of use;
6. on arrival, the token's time is the present one, to a few minutes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from asn1crypto import cms, core, tsp
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import (
    Certificate,
    ExtensionNotFound,
    PrivateKeyUsagePeriod,
    load_der_x509_certificate,
)
from cryptography.x509.oid import ExtendedKeyUsageOID

from core.algorithms import HashAlgorithm
from core.certificate_path import check_path
from core.der import SET, tlv
from core.errors import DomainError, UnknownAlgorithm

LONGEST_RESPONSE: Final = 65_536  # bytes: a token with a chain of three RSA certificates takes less than 8,000
SLACK: Final = timedelta(minutes=5)
_MOST_CERTIFICATES: Final = 16
_HASHES: Final[dict[HashAlgorithm, hashes.HashAlgorithm]] = {
    HashAlgorithm.SHA256: hashes.SHA256(),
    HashAlgorithm.SHA384: hashes.SHA384(),
    HashAlgorithm.SHA512: hashes.SHA512(),
}
_GRANTED: Final = frozenset({"granted", "granted_with_mods"})
# What asn1crypto and cryptography raise on bytes that are not what they should be, or where something is absent.
_UNREADABLE: Final = (
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    AttributeError,
    OverflowError,
    RecursionError,
    NotImplementedError,
)


class TimeStampRefused(DomainError):
    """No time-stamp, or not the one that was asked for; the detail says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class TimeStampAuthority:
    """Whose tokens count: the pinned root certificates above its units, and the policy it stamps under."""

    anchors: tuple[Certificate, ...]
    policy: str  # dotted OID


@dataclass(frozen=True, slots=True)
class Asked:
    """What a time-stamp is wanted for."""

    imprint: bytes  # SHA-256
    nonce: int


@dataclass(frozen=True, slots=True)
class TimeStamp:
    """A token that was checked, and the time it says."""

    token: bytes  # ContentInfo, DER
    at: datetime


class _Response(core.Sequence):  # type: ignore[misc]  # asn1crypto's own has no room for a refusal
    _fields = [("status", tsp.PKIStatusInfo), ("token", cms.ContentInfo, {"optional": True})]  # noqa: RUF012


def request(asked: Asked, authority: TimeStampAuthority) -> bytes:
    """Return the TimeStampReq, DER."""
    message = {
        "version": 1,
        "message_imprint": {"hash_algorithm": {"algorithm": "sha256"}, "hashed_message": asked.imprint},
        "req_policy": authority.policy,
        "nonce": asked.nonce,
        "cert_req": True,
    }
    der: bytes = tsp.TimeStampReq(message).dump()
    return der


def received(response: bytes, asked: Asked, authority: TimeStampAuthority, now: datetime) -> TimeStamp:
    """Return the time-stamp in a TimeStampResp, DER, which has just come.

    Raises:
        TimeStampRefused: there is none, or a rule above is broken.
        NotCertified: no path from the unit's certificate to a pinned root.
    """
    stamp = verified(_token(response), asked, authority)
    if abs(stamp.at - now) > SLACK:
        raise TimeStampRefused(f"it says {stamp.at.isoformat()}, and it is {now.isoformat()}")
    return stamp


def verified(token: bytes, asked: Asked, authority: TimeStampAuthority) -> TimeStamp:
    """Return the time-stamp of a token, DER, whenever it was made: rules 1 to 5.

    Raises:
        TimeStampRefused: a rule is broken.
        NotCertified: no path from the unit's certificate to a pinned root.
    """
    try:
        signed = _signed_data(token)
        content = signed["encap_content_info"]["content"]
        at = _check_info(content.parsed, asked, authority.policy)
        (signer,) = signed["signer_infos"]
        certificate, others = _certificates(signed, signer)
        hashing = _hashing(signer)
        _check_attributes(signer, hashing.new(content.contents).digest(), certificate)
        _check_signature(signer, hashing, certificate)
    except _UNREADABLE as error:
        raise TimeStampRefused(f"unreadable: {type(error).__name__} {error}"[:300]) from error
    _check_time_of_use(certificate, at)
    check_path(certificate, others, authority.anchors, ExtendedKeyUsageOID.TIME_STAMPING, at)
    return TimeStamp(token, at)


def _token(response: bytes) -> bytes:
    if len(response) > LONGEST_RESPONSE:
        raise TimeStampRefused(f"a response of {len(response)} bytes")
    try:
        read = _Response.load(response, strict=True)
        status, token = read["status"], read["token"]
        if status["status"].native not in _GRANTED:
            reason = status["fail_info"].native or status["status"].native
            raise TimeStampRefused(f"refused: {reason} {status['status_string'].native}"[:300])
        der: bytes = token.dump()
    except _UNREADABLE as error:
        raise TimeStampRefused(f"unreadable: {type(error).__name__} {error}"[:300]) from error
    return der


def _signed_data(token: bytes) -> cms.SignedData:
    info = cms.ContentInfo.load(token, strict=True)
    _expect(info["content_type"].native == "signed_data", "no SignedData")
    signed = info["content"]
    _expect(signed["encap_content_info"]["content_type"].native == "tst_info", "no TSTInfo")
    _expect(len(signed["signer_infos"]) == 1, "not exactly one signer")
    return signed


def _check_info(info: tsp.TSTInfo, asked: Asked, policy: str) -> datetime:
    """Return the time that a TSTInfo says, after rule 2."""
    imprint = info["message_imprint"]
    _expect(info["version"].native == "v1", "another version")
    _expect(info["policy"].dotted == policy, f"policy {info['policy'].dotted}")
    _expect(imprint["hash_algorithm"]["algorithm"].native == "sha256", "an imprint of another hash")
    _expect(imprint["hashed_message"].native == asked.imprint, "another imprint")
    _expect(info["nonce"].native == asked.nonce, "another nonce, or none")
    _expect(not any(each["critical"].native for each in info["extensions"]), "a critical extension")
    at: datetime = info["gen_time"].native
    return at.astimezone(UTC)


def _certificates(signed: cms.SignedData, signer: cms.SignerInfo) -> tuple[Certificate, Sequence[Certificate]]:
    """Return the certificate that the signer is named by, and the others."""
    found = signed["certificates"]
    _expect(len(found) <= _MOST_CERTIFICATES, f"{len(found)} certificates")
    _expect(signer["sid"].name == "issuer_and_serial_number", "a signer who is not named by issuer and serial number")
    issuer, serial = (signer["sid"].chosen[name] for name in ("issuer", "serial_number"))
    certificates = [load_der_x509_certificate(each.chosen.dump()) for each in found]
    mine = [
        each
        for each in certificates
        if each.serial_number == serial.native and each.issuer.public_bytes() == issuer.dump()
    ]
    _expect(bool(mine), "the signer's certificate is missing")
    return mine[0], [each for each in certificates if each is not mine[0]]


def _hashing(signer: cms.SignerInfo) -> HashAlgorithm:
    try:
        return HashAlgorithm.from_oid(signer["digest_algorithm"]["algorithm"].dotted)
    except UnknownAlgorithm as error:
        raise TimeStampRefused(f"a digest by {error.detail}") from error


def _check_attributes(signer: cms.SignerInfo, digest: bytes, certificate: Certificate) -> None:
    attributes: dict[str, Any] = {}
    for each in signer["signed_attrs"]:
        kind = each["type"].native
        _expect(kind not in attributes and len(each["values"]) == 1, f"the attribute {kind} more than once")
        attributes[kind] = each["values"][0]
    _expect(attributes["content_type"].native == "tst_info", "the attributes are of other content")
    _expect(attributes["message_digest"].native == digest, "the attributes are of another TSTInfo")
    named = attributes["signing_certificate_v2"]["certs"][0]
    _expect(named["hash_algorithm"]["algorithm"].native == "sha256", "a certificate named by another hash")
    own = hashlib.sha256(certificate.public_bytes(Encoding.DER)).digest()
    _expect(named["cert_hash"].native == own, "the attributes name another certificate")


def _check_signature(signer: cms.SignerInfo, hashing: HashAlgorithm, certificate: Certificate) -> None:
    algorithm = signer["signature_algorithm"]
    signature = signer["signature"].native
    signed = tlv(SET, signer["signed_attrs"].contents)  # RFC 5652 §5.4: under the tag of a SET
    if algorithm["algorithm"].native not in {"rsassa_pkcs1v15", "rsassa_pss"}:
        _expect(algorithm.hash_algo == hashing.hashlib_name, "a signature over another hash than the attributes'")
    try:
        match algorithm.signature_algo, certificate.public_key():
            case "ecdsa", ec.EllipticCurvePublicKey() as key:
                key.verify(signature, signed, ec.ECDSA(_HASHES[hashing]))
            case "rsassa_pkcs1v15", rsa.RSAPublicKey() as key:
                key.verify(signature, signed, padding.PKCS1v15(), _HASHES[hashing])
            case "rsassa_pss", rsa.RSAPublicKey() as key:
                salted = padding.PSS(padding.MGF1(_HASHES[hashing]), padding.PSS.DIGEST_LENGTH)
                key.verify(signature, signed, salted, _HASHES[hashing])
            case name, _:
                raise TimeStampRefused(f"a signature by {name}")
    except (InvalidSignature, UnsupportedAlgorithm):
        raise TimeStampRefused("the signature does not verify") from None


def _check_time_of_use(certificate: Certificate, at: datetime) -> None:
    """Check that the key was in the time in which it may be used: EN 319 422 §6.4."""
    try:
        period = certificate.extensions.get_extension_for_class(PrivateKeyUsagePeriod).value
    except ExtensionNotFound:
        return
    except ValueError as error:
        raise TimeStampRefused(f"unreadable extensions: {error}") from error
    moment = at.replace(tzinfo=None)  # the period is in UTC, and does not say so
    begun = period.not_before is None or period.not_before <= moment
    _expect(begun and (period.not_after is None or moment <= period.not_after), "the key was out of its time of use")


def _expect(holds: bool, otherwise: str) -> None:  # noqa: FBT001  # a condition
    if not holds:
        raise TimeStampRefused(otherwise)
