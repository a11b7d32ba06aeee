"""What may come into a CMS after it was signed: a signature time-stamp beside the signature, the content inside.

The signature covers the signed attributes alone, so neither touches it. The CMS is the SAM's own; nothing of it is
changed but what is named here. Source: EN 319 122-1 §5.3, §6.3; RFC 5652 §5.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Final, TypeVar

from cryptography.hazmat import asn1
from cryptography.x509 import Certificate, ObjectIdentifier

from core.der import SEQUENCE, SET, tlv
from core.errors import Malformed

_SIGNING_TIME: Final = ObjectIdentifier("1.2.840.113549.1.9.5")
_SIGNATURE_TIME_STAMP: Final = ObjectIdentifier("1.2.840.113549.1.9.16.2.14")

T = TypeVar("T")


class CmsMalformed(Malformed):
    """Not a CMS as the SAM makes it."""


@asn1.sequence
class _Attribute:
    kind: ObjectIdentifier
    values: asn1.SetOf[asn1.TLV]


@asn1.sequence
class _IssuerAndSerial:
    issuer: asn1.TLV
    serial: int


@asn1.sequence
class _SignerInfo:
    version: int
    sid: _IssuerAndSerial
    digest_algorithm: asn1.TLV
    signed_attributes: asn1.TLV
    signature_algorithm: asn1.TLV
    signature: bytes
    unsigned_attributes: Annotated[asn1.SetOf[_Attribute] | None, asn1.Implicit(1)]


@asn1.sequence
class _Encapsulated:
    kind: ObjectIdentifier
    content: Annotated[bytes | None, asn1.Explicit(0)]


@asn1.sequence
class _SignedData:
    version: int
    digest_algorithms: asn1.TLV
    encapsulated: _Encapsulated
    certificates: Annotated[asn1.SetOf[Certificate], asn1.Implicit(0)]
    signers: asn1.SetOf[_SignerInfo]


@asn1.sequence
class _ContentInfo:
    kind: ObjectIdentifier
    content: Annotated[_SignedData, asn1.Explicit(0)]


@asn1.sequence
class _Attributes:
    listed: asn1.SetOf[_Attribute]


@asn1.sequence
class _Wrapped:
    value: asn1.TLV


def signature_of(cms: bytes) -> bytes:
    """Return the signature value, which a signature time-stamp is about.

    Raises:
        CmsMalformed: it is no CMS of one signer.
    """
    return _signer(_read(cms)).signature


def says_when(cms: bytes) -> bool:
    """Return whether the signature has signing-time among its signed attributes: CAdES has, PAdES has not.

    Raises:
        CmsMalformed: it is no CMS of one signer.
    """
    attributes = _parse(_Attributes, tlv(SEQUENCE, tlv(SET, bytes(_signer(_read(cms)).signed_attributes.data))))
    return any(each.kind == _SIGNING_TIME for each in attributes.listed.as_list())


def chain_of(cms: bytes, anchor: Certificate) -> tuple[Certificate, ...]:
    """Return the chain from the signer's certificate over others in the CMS to `anchor`.

    Raises:
        CmsMalformed: it is no CMS of one signer, or its certificates do not lead there.
    """
    info = _read(cms)
    serial = _signer(info).sid.serial
    certificates = info.content.certificates.as_list()
    by_subject = {each.subject: each for each in (*certificates, anchor)}
    chain = [each for each in certificates if each.serial_number == serial][:1]
    while chain and chain[-1] != anchor and len(chain) <= len(certificates):
        chain += [by_subject[chain[-1].issuer]] if chain[-1].issuer in by_subject else [chain[-1]]
    if not chain or chain[-1] != anchor:
        raise CmsMalformed("certificates that do not lead to the pinned one")
    return tuple(chain)


def with_time_stamp(cms: bytes, token: bytes) -> bytes:
    """Return the CMS with a signature time-stamp as its one unsigned attribute: level B-T.

    Raises:
        CmsMalformed: it is no CMS of one signer, or has unsigned attributes already.
    """
    info = _read(cms)
    signer = _signer(info)
    if signer.unsigned_attributes is not None:
        raise CmsMalformed("unsigned attributes")
    value = asn1.decode_der(_Wrapped, tlv(SEQUENCE, token)).value
    attribute = _Attribute(kind=_SIGNATURE_TIME_STAMP, values=asn1.SetOf([value]))
    stamped = replace(signer, unsigned_attributes=asn1.SetOf([attribute]))
    return asn1.encode_der(replace(info, content=replace(info.content, signers=asn1.SetOf([stamped]))))


def with_content(cms: bytes, content: bytes) -> bytes:
    """Return the CMS with the signed content inside, which its message digest is of: CAdES attached.

    Raises:
        CmsMalformed: it is no CMS of one signer.
    """
    info = _read(cms)
    carrying = replace(info.content.encapsulated, content=content)
    return asn1.encode_der(replace(info, content=replace(info.content, encapsulated=carrying)))


def _read(cms: bytes) -> _ContentInfo:
    return _parse(_ContentInfo, cms)


def _parse(kind: type[T], der: bytes) -> T:
    try:
        return asn1.decode_der(kind, der)
    except ValueError as error:
        raise CmsMalformed(str(error)[:300]) from error


def _signer(info: _ContentInfo) -> _SignerInfo:
    signers = info.content.signers.as_list()
    if len(signers) != 1:
        raise CmsMalformed(f"{len(signers)} signers")
    return signers[0]
