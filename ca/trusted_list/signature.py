"""The signature of the list: enveloped XAdES baseline B (TS 119 612 §5.7; EN 319 132-1 §6).

Written out element by element, because what signxml 5.2 makes of a list with a default namespace does not verify (its
reference to the signed properties has no transform). Both references are canonicalised as exclusive XML without
comments, so that a relying party may move the list into another document and it still verifies.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from lxml import etree

from ca.delegated import DelegatedKey
from ca.trusted_list import uris
from ca.trusted_list.document import Element, base64, canonical, instant_text
from core.algorithms import HashAlgorithm, SignatureAlgorithm

_EXCLUSIVE: Final = "http://www.w3.org/2001/10/xml-exc-c14n#"
_ENVELOPED: Final = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"
_SIGNED_PROPERTIES: Final = "http://uri.etsi.org/01903#SignedProperties"
_MORE: Final = "http://www.w3.org/2001/04/xmldsig-more#"
_METHODS: Final = {  # RFC 9231 §2.3
    SignatureAlgorithm.ECDSA_SHA256: f"{_MORE}ecdsa-sha256",
    SignatureAlgorithm.ECDSA_SHA384: f"{_MORE}ecdsa-sha384",
    SignatureAlgorithm.RSA_PKCS1_SHA256: f"{_MORE}rsa-sha256",
}
_COORDINATES: Final = {SignatureAlgorithm.ECDSA_SHA256: 32, SignatureAlgorithm.ECDSA_SHA384: 48}  # bytes
_DIGEST: Final = "http://www.w3.org/2001/04/xmlenc#sha256"
_NAMESPACES: Final = {"ds": uris.SIGNATURE_NAMESPACE, "xades": uris.XADES_NAMESPACE}


def sign(root: Element, key: DelegatedKey, now: datetime) -> None:
    """Sign a list: its signature becomes the last child of the root.

    Raises:
        SignatureUnusable: the token gave a faulty signature.
        HsmUnavailable: the token does not answer.
    """
    list_digest = _digest(root)  # before the signature is in it: what the enveloped transform takes out again
    signature = etree.SubElement(root, _ds("Signature"), nsmap=_NAMESPACES, Id="signature")
    signed_info = _add(signature, _ds("SignedInfo"))
    value = _add(signature, _ds("SignatureValue"))
    _key_info(signature, key.certificate_der)
    properties = _properties(signature, key.certificate_der, now)
    _add(signed_info, _ds("CanonicalizationMethod"), Algorithm=_EXCLUSIVE)
    _add(signed_info, _ds("SignatureMethod"), Algorithm=_METHODS[key.algorithm])
    whole = _add(signed_info, _ds("Reference"), Id="reference-list", URI="")
    _reference(whole, (_ENVELOPED, _EXCLUSIVE), list_digest)
    about = _add(signed_info, _ds("Reference"), Type=_SIGNED_PROPERTIES, URI="#signed-properties")
    _reference(about, (_EXCLUSIVE,), _digest(properties))
    value.text = base64(_plain(key.sign(canonical(signed_info)), key.algorithm))


def _reference(reference: Element, transforms: tuple[str, ...], digest: bytes) -> None:
    listed = _add(reference, _ds("Transforms"))
    for transform in transforms:
        _add(listed, _ds("Transform"), Algorithm=transform)
    _add(reference, _ds("DigestMethod"), Algorithm=_DIGEST)
    _add(reference, _ds("DigestValue")).text = base64(digest)


def _key_info(signature: Element, certificate_der: bytes) -> None:
    data = _add(_add(signature, _ds("KeyInfo")), _ds("X509Data"))
    _add(data, _ds("X509Certificate")).text = base64(certificate_der)  # the signer's and no other: §5.7.1


def _properties(signature: Element, certificate_der: bytes, now: datetime) -> Element:
    """Return the signed properties: when, with which certificate, and what kind of object. Source: EN 319 132-1 §5.2."""
    qualifying = _add(_add(signature, _ds("Object")), _xades("QualifyingProperties"), Target="#signature")
    properties = _add(qualifying, _xades("SignedProperties"), Id="signed-properties")
    about_signature = _add(properties, _xades("SignedSignatureProperties"))
    _add(about_signature, _xades("SigningTime")).text = instant_text(now)
    listed = _add(_add(about_signature, _xades("SigningCertificateV2")), _xades("Cert"))
    digest = _add(listed, _xades("CertDigest"))
    _add(digest, _ds("DigestMethod"), Algorithm=_DIGEST)
    _add(digest, _ds("DigestValue")).text = base64(HashAlgorithm.SHA256.new(certificate_der).digest())
    about_list = _add(_add(properties, _xades("SignedDataObjectProperties")), _xades("DataObjectFormat"))
    about_list.set("ObjectReference", "#reference-list")
    _add(about_list, _xades("MimeType")).text = "text/xml"
    return properties


def _plain(signature_der: bytes, algorithm: SignatureAlgorithm) -> bytes:
    """Return a signature as XML has it: of ECDSA the two numbers one after the other (RFC 9231 §2.3.6)."""
    size = _COORDINATES.get(algorithm)
    if size is None:
        return signature_der
    return b"".join(number.to_bytes(size, "big") for number in decode_dss_signature(signature_der))


def _digest(element: Element) -> bytes:
    return HashAlgorithm.SHA256.new(canonical(element)).digest()


def _add(parent: Element, name: str, **attributes: str) -> Element:
    return etree.SubElement(parent, name, attributes)


def _ds(name: str) -> str:
    return f"{{{uris.SIGNATURE_NAMESPACE}}}{name}"


def _xades(name: str) -> str:
    return f"{{{uris.XADES_NAMESPACE}}}{name}"
