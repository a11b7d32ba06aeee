"""CMS SignedData with one signer and its content inside, read strictly and verified: what a time-stamp token is.

Rules (attacks H14, H15):

- DER, one value; no structure has a member that is not named here, so no unsigned attributes and no revocation lists;
- exactly one SignerInfo, named by issuer and serial number, whose certificate is there once;
- signed attributes: content-type, message-digest and signing-certificate-v2, none twice, and each true;
- the signature verifies with that certificate's key, with a hash of TS 119 312.

Whether the certificate may be believed is not judged here. Source: RFC 5652 §5; RFC 5035 §3; EN 319 422 §5.2.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final, TypeVar

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat import asn1
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import Certificate, ObjectIdentifier

from core.algorithms import HashAlgorithm, SignatureAlgorithm
from core.cms import signature_identifier
from core.der import NULL, SEQUENCE, SET, oid, tlv
from core.errors import DomainError, Malformed, UnknownAlgorithm
from core.tsp import AlgorithmIdentifier

_SIGNED_DATA: Final = "1.2.840.113549.1.7.2"
_CONTENT_TYPE: Final = "1.2.840.113549.1.9.3"
_MESSAGE_DIGEST: Final = "1.2.840.113549.1.9.4"
_SIGNING_CERTIFICATE_V2: Final = "1.2.840.113549.1.9.16.2.47"
_SIGNED_ATTRIBUTES: Final = b"\xa0"
_HASHES: Final[dict[HashAlgorithm, hashes.HashAlgorithm]] = {
    HashAlgorithm.SHA256: hashes.SHA256(),
    HashAlgorithm.SHA384: hashes.SHA384(),
    HashAlgorithm.SHA512: hashes.SHA512(),
}
# How a signature was made, by the DER of its AlgorithmIdentifier: the scheme, and the hash where that fixes it.
_SCHEMES: Final[dict[bytes, tuple[str, HashAlgorithm | None]]] = {
    **{signature_identifier(each): (each.name.rpartition("_")[0], each.hash) for each in SignatureAlgorithm},
    tlv(SEQUENCE, oid("1.2.840.10045.4.3.4")): ("ECDSA", HashAlgorithm.SHA512),
    tlv(SEQUENCE, oid("1.2.840.113549.1.1.1"), NULL): ("RSA_PKCS1", None),  # RFC 3370 §3.2
}

T = TypeVar("T")


class SignedDataMalformed(Malformed):
    """Not DER, or not the structure that it must have."""


class SignedDataInvalid(DomainError):
    """The signature does not verify, or a signed attribute is not true."""


@asn1.sequence
class _IssuerAndSerial:
    issuer: asn1.TLV
    serial: int


@asn1.sequence
class _Attribute:
    kind: ObjectIdentifier
    values: asn1.SetOf[asn1.TLV]


@asn1.sequence
class _SignerInfo:
    version: int
    sid: _IssuerAndSerial
    digest_algorithm: AlgorithmIdentifier
    signed_attributes: asn1.TLV
    signature_algorithm: asn1.TLV
    signature: bytes


@asn1.sequence
class _Encapsulated:
    kind: ObjectIdentifier
    content: Annotated[bytes, asn1.Explicit(0)]


@asn1.sequence
class _SignedData:
    version: int
    digest_algorithms: asn1.SetOf[AlgorithmIdentifier]
    encapsulated: _Encapsulated
    certificates: Annotated[asn1.SetOf[Certificate], asn1.Implicit(0)]
    signers: asn1.SetOf[_SignerInfo]


@asn1.sequence
class _ContentInfo:
    kind: ObjectIdentifier
    content: Annotated[_SignedData, asn1.Explicit(0)]


@asn1.sequence
class _IssuerSerial:
    issuer: list[asn1.TLV]
    serial: int


@asn1.sequence
class _EssCertIdV2:
    hash_algorithm: AlgorithmIdentifier | None  # DEFAULT SHA-256
    cert_hash: bytes
    issuer_serial: _IssuerSerial | None


@asn1.sequence
class _SigningCertificateV2:
    certs: list[_EssCertIdV2]
    policies: list[asn1.TLV] | None


@dataclass(frozen=True, slots=True)
class SignedContent:
    """Verified content, who signed it, and the other certificates that came with it."""

    content: bytes
    signer: Certificate
    others: tuple[Certificate, ...]


def read_signed_data(der: bytes, content_type: str) -> SignedContent:
    """Return the content of a SignedData, after verifying its signature with the certificate it names.

    Raises:
        SignedDataMalformed: it is none, or one of another form or content.
        SignedDataInvalid: it does not verify.
    """
    data = _parse(_ContentInfo, der)
    if data.kind.dotted_string != _SIGNED_DATA or data.content.encapsulated.kind.dotted_string != content_type:
        raise SignedDataMalformed("another type of content")
    certificates = data.content.certificates.as_list()
    signer = _only(data.content.signers.as_list(), "signer")
    certificate = _certificate_of(signer, certificates)
    content = data.content.encapsulated.content
    hashing = _hash(signer.digest_algorithm)
    _check_attributes(_attributes(signer), content_type, hashing.new(content).digest(), certificate)
    _check_signature(signer, hashing, certificate)
    return SignedContent(content, certificate, tuple(each for each in certificates if each != certificate))


def _parse(kind: type[T], der: bytes) -> T:
    try:
        return asn1.decode_der(kind, der)
    except ValueError as error:
        raise SignedDataMalformed(f"{kind.__name__.strip('_')}: {error}"[:300]) from error


def _only(values: list[T], what: str) -> T:
    if len(values) != 1:
        raise SignedDataMalformed(f"{len(values)} of {what}")
    return values[0]


def _certificate_of(signer: _SignerInfo, certificates: list[Certificate]) -> Certificate:
    issuer = tlv(signer.sid.issuer.tag_bytes, bytes(signer.sid.issuer.data))
    named = [
        each
        for each in certificates
        if each.serial_number == signer.sid.serial and each.issuer.public_bytes() == issuer
    ]
    return _only(named, "the signer's certificate")


def _hash(identifier: AlgorithmIdentifier) -> HashAlgorithm:
    try:
        return HashAlgorithm.from_oid(identifier.algorithm.dotted_string)
    except UnknownAlgorithm as error:
        raise SignedDataInvalid(f"digest algorithm {error.detail}") from error


def _attributes(signer: _SignerInfo) -> dict[str, asn1.TLV]:
    if signer.signed_attributes.tag_bytes != _SIGNED_ATTRIBUTES:
        raise SignedDataMalformed("no signed attributes")
    listed = _parse(_AttributeSet, tlv(SEQUENCE, tlv(SET, bytes(signer.signed_attributes.data)))).attributes.as_list()
    attributes = {each.kind.dotted_string: _only(each.values.as_list(), "values of an attribute") for each in listed}
    if len(attributes) != len(listed):
        raise SignedDataMalformed("a signed attribute twice")
    if missing := {_CONTENT_TYPE, _MESSAGE_DIGEST, _SIGNING_CERTIFICATE_V2} - attributes.keys():
        raise SignedDataMalformed(f"signed attributes without {', '.join(sorted(missing))}")
    return attributes


@asn1.sequence
class _AttributeSet:
    attributes: asn1.SetOf[_Attribute]


def _check_attributes(
    attributes: dict[str, asn1.TLV], content_type: str, digest: bytes, certificate: Certificate
) -> None:
    if _whole(attributes[_CONTENT_TYPE]) != oid(content_type):
        raise SignedDataInvalid("content-type")
    if _whole(attributes[_MESSAGE_DIGEST]) != tlv(b"\x04", digest):
        raise SignedDataInvalid("message-digest")
    named = _parse(_SigningCertificateV2, _whole(attributes[_SIGNING_CERTIFICATE_V2])).certs
    if not named:
        raise SignedDataMalformed("signing-certificate-v2 names none")
    hashing = HashAlgorithm.SHA256 if named[0].hash_algorithm is None else _hash(named[0].hash_algorithm)
    serial = named[0].issuer_serial
    if named[0].cert_hash != hashing.new(certificate.public_bytes(Encoding.DER)).digest() or (
        serial is not None and serial.serial != certificate.serial_number
    ):
        raise SignedDataInvalid("signing-certificate-v2")


def _whole(value: asn1.TLV) -> bytes:
    return tlv(value.tag_bytes, bytes(value.data))


def _check_signature(signer: _SignerInfo, hashing: HashAlgorithm, certificate: Certificate) -> None:
    scheme, fixed = _SCHEMES.get(_whole(signer.signature_algorithm), ("", None))
    if fixed not in {None, hashing}:
        raise SignedDataInvalid("digest algorithm and signature algorithm disagree")
    signed = tlv(SET, bytes(signer.signed_attributes.data))  # the SET that was hashed, not the [0] that stands here
    try:
        key = certificate.public_key()
        if isinstance(key, ec.EllipticCurvePublicKey) and scheme == "ECDSA":
            key.verify(signer.signature, signed, ec.ECDSA(_HASHES[hashing]))
        elif isinstance(key, rsa.RSAPublicKey) and scheme == "RSA_PKCS1":
            key.verify(signer.signature, signed, padding.PKCS1v15(), _HASHES[hashing])
        elif isinstance(key, rsa.RSAPublicKey) and scheme == "RSA_PSS":
            pss = padding.PSS(padding.MGF1(_HASHES[hashing]), hashing.size)
            key.verify(signer.signature, signed, pss, _HASHES[hashing])
        else:
            raise SignedDataInvalid("an algorithm that is not allowed, or another kind of key")
    except (InvalidSignature, UnsupportedAlgorithm, ValueError) as error:
        raise SignedDataInvalid("the signature does not verify") from error
