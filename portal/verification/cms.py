"""The CMS of a PAdES baseline signature, read with no tolerance (attacks H14, H15).

1. DER, one value, no structure with more members than it should have.
2. Detached content of type id-data, one SignerInfo, no revocation lists, no unsigned attribute but one time-stamp.
3. Signed attributes there: content-type id-data, one message-digest, one signing-certificate-v2, none twice, no signing-time.
4. The message digest is that of the covered bytes; signing-certificate-v2 and the signer identifier name the expected
   certificate; the signature verifies with its key.

Source: EN 319 142-1 §6.3; RFC 5652 §5, §11; RFC 5035 §3.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any, Final

from asn1crypto import cms as asn1_cms
from asn1crypto import core as asn1_core
from asn1crypto import x509 as asn1_x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509 import load_der_x509_certificate

from portal.verification.der import check_der, members
from portal.verification.failures import (
    CmsMalformed,
    DigestMismatch,
    OtherSignatory,
    SignatureInvalid,
    SignedAttributesWrong,
)

_HASHES: Final[dict[str, hashes.HashAlgorithm]] = {
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}
_NEEDED: Final = frozenset({"content_type", "message_digest", "signing_certificate_v2"})
_FORBIDDEN: Final = frozenset({"signing_time", "signing_certificate"})  # EN 319 142-1 §6.3


@dataclass(frozen=True, slots=True)
class CheckedCms:
    """What a good CMS holds beside the signature that was checked."""

    certificates: list[bytes]  # DER
    signature: bytes  # the value that a signature time-stamp is about
    time_stamp: bytes | None  # a token, DER, not checked yet


def check_cms(der: bytes, content: bytes, certificate_der: bytes) -> CheckedCms:
    """Check a CMS over `content`, made with the key of one certificate; return what else is in it.

    Raises:
        SignatureWrong: a rule above is broken.
        OtherSignatory: it names another certificate.
    """
    try:
        signed_data = _parsed(der)
        signer = _only_signer(signed_data)
        certificates = [each.chosen.dump() for each in signed_data["certificates"]]
        _check_identity(certificates, signer, certificate_der)
        _check_attributes(_attributes(signer), content, signer, certificate_der)
        _check_signature(signer, certificate_der)
        return CheckedCms(certificates, signer["signature"].native, _time_stamp(signer))
    except (ValueError, TypeError, KeyError, RecursionError, NotImplementedError, UnsupportedAlgorithm) as error:
        raise CmsMalformed(f"{type(error).__name__}: {error}"[:300]) from error


def _parsed(der: bytes) -> asn1_cms.SignedData:
    check_der(der)
    _check_shape(der)
    info = asn1_cms.ContentInfo.load(der, strict=True)
    if info["content_type"].native != "signed_data":
        raise CmsMalformed("not SignedData")
    return info["content"]


def _check_shape(der: bytes) -> None:
    """Check that no structure has more members than it should: the parser would pass over them in silence."""
    _, explicit = _exactly(der, 2)  # ContentInfo
    [signed_data] = _exactly(explicit, 1)
    _, _, content, _, signers = _exactly(signed_data, 5)  # no [1] revocation lists
    _exactly(content, 1)  # no content
    [signer] = _exactly(signers, 1)
    _, sid, digest, attributes, _, _, *unsigned = members(signer)
    if len(unsigned) > 1:
        raise CmsMalformed("members of the signer's information")
    for attribute in (each for part in unsigned for each in members(part)):
        _exactly(attribute, 2)
    _exactly(sid, 2)
    if len(members(digest)) > 2:
        raise CmsMalformed("digest algorithm")
    for attribute in members(attributes):
        _exactly(attribute, 2)


def _exactly(value: bytes, count: int) -> list[bytes]:
    found = members(value)
    if len(found) != count:
        raise CmsMalformed(f"{len(found)} members where {count} belong")
    return found


def _only_signer(signed_data: asn1_cms.SignedData) -> asn1_cms.SignerInfo:
    content = signed_data["encap_content_info"]
    if content["content_type"].native != "data" or content["content"].native is not None:
        raise CmsMalformed("content that is not detached, or not of type id-data")
    if len(signed_data["signer_infos"]) != 1 or len(signed_data["digest_algorithms"]) != 1:
        raise CmsMalformed("not exactly one signer")
    signer = signed_data["signer_infos"][0]
    if (signed_data["version"].native, signer["version"].native) != ("v1", "v1"):
        raise CmsMalformed("version")
    if signed_data["digest_algorithms"][0].dump() != signer["digest_algorithm"].dump():
        raise CmsMalformed("digest algorithms disagree")
    return signer


def _check_identity(certificates: list[bytes], signer: asn1_cms.SignerInfo, certificate_der: bytes) -> None:
    expected = asn1_x509.Certificate.load(certificate_der)
    if signer["sid"].name != "issuer_and_serial_number":
        raise CmsMalformed("signer identifier")
    sid = signer["sid"].chosen
    if sid["serial_number"].native != expected.serial_number or sid["issuer"].dump() != expected.issuer.dump():
        raise OtherSignatory("signer identifier")
    if certificates.count(certificate_der) != 1:
        raise OtherSignatory("its certificate is not once in the CMS")


def _attributes(signer: asn1_cms.SignerInfo) -> dict[str, Any]:
    found = signer["signed_attrs"]
    if not found.native:
        raise SignedAttributesWrong("none")
    attributes: dict[str, Any] = {}
    for attribute in found:
        name = attribute["type"].native
        if name in attributes or len(attribute["values"]) != 1:
            raise SignedAttributesWrong(f"{name} repeated")
        attributes[name] = attribute["values"][0]
    if not attributes.keys() >= _NEEDED or attributes.keys() & _FORBIDDEN:
        raise SignedAttributesWrong(", ".join(sorted(attributes)))
    return attributes


def _time_stamp(signer: asn1_cms.SignerInfo) -> bytes | None:
    """Return the signature time-stamp (EN 319 122-1 §5.3), the only unsigned attribute there may be."""
    unsigned = signer["unsigned_attrs"]
    if isinstance(unsigned, asn1_core.Void):
        return None
    if (
        len(unsigned) != 1
        or unsigned[0]["type"].native != "signature_time_stamp_token"
        or len(unsigned[0]["values"]) != 1
    ):
        raise CmsMalformed("unsigned attributes")
    token: bytes = unsigned[0]["values"][0].dump()
    return token


def _check_attributes(
    attributes: dict[str, Any], content: bytes, signer: asn1_cms.SignerInfo, certificate_der: bytes
) -> None:
    if attributes["content_type"].native != "data":
        raise SignedAttributesWrong("content-type")
    digest = hashlib.new(_digest_name(signer), content).digest()
    if attributes["message_digest"].native != digest:
        raise DigestMismatch
    named = attributes["signing_certificate_v2"]["certs"]
    if not len(named):
        raise SignedAttributesWrong("signing-certificate-v2")
    algorithm = named[0]["hash_algorithm"]["algorithm"].native
    if algorithm not in _HASHES:
        raise SignedAttributesWrong("signing-certificate-v2")
    if named[0]["cert_hash"].native != hashlib.new(algorithm, certificate_der).digest():
        raise OtherSignatory("signing-certificate-v2")


def _digest_name(signer: asn1_cms.SignerInfo) -> str:
    name = str(signer["digest_algorithm"]["algorithm"].native)
    if name not in _HASHES:
        raise CmsMalformed(f"digest algorithm {name}")
    return name


def _check_signature(signer: asn1_cms.SignerInfo, certificate_der: bytes) -> None:
    key = load_der_x509_certificate(certificate_der).public_key()
    algorithm, digest = signer["signature_algorithm"], _HASHES[_digest_name(signer)]
    if algorithm.hash_algo != digest.name:
        raise CmsMalformed("digest algorithm and signature algorithm disagree")
    content = signer["signed_attrs"].untag().dump()  # the SET OF that was hashed, not the [0] that stands here
    value, kind = signer["signature"].native, algorithm.signature_algo
    try:
        if isinstance(key, ec.EllipticCurvePublicKey) and kind == "ecdsa":
            key.verify(value, content, ec.ECDSA(digest))
        elif isinstance(key, rsa.RSAPublicKey) and kind == "rsassa_pkcs1v15":
            key.verify(value, content, padding.PKCS1v15(), digest)
        elif isinstance(key, rsa.RSAPublicKey) and kind == "rsassa_pss":
            key.verify(value, content, _pss(algorithm, digest), digest)
        else:
            raise SignatureInvalid(f"{kind} with another kind of key")
    except InvalidSignature as error:
        raise SignatureInvalid from error


def _pss(algorithm: Any, digest: hashes.HashAlgorithm) -> padding.PSS:
    parameters = algorithm["parameters"]
    mask = parameters["mask_gen_algorithm"]["parameters"]["algorithm"].native
    if mask != digest.name or parameters["salt_length"].native != digest.digest_size:
        raise CmsMalformed("RSASSA-PSS parameters")
    return padding.PSS(padding.MGF1(digest), digest.digest_size)
