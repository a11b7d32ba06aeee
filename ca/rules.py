"""Rules that every certificate must keep, said again from the standards and not read from the profile.

A rule takes the certificate as it would be signed, read back from its bytes, and the draft it was made from. It raises
`NotLinted` and names what is broken. Rules of signatories' certificates alone are in `ca.rules_signatory`.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from datetime import timedelta
from typing import Final, TypeAlias
from urllib.parse import urlsplit

from asn1crypto.x509 import Name as RawName
from cryptography import x509
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtensionOID, NameOID, SignatureAlgorithmOID

from ca import public_keys
from ca.draft import ONE_SECOND, Draft
from ca.profiles import Kind
from ca.protocol import NotLinted
from ca.public_keys import KeyRefused
from ca.qc_statements import EXTENSION as QC_STATEMENTS
from core.config import is_loopback

Rule: TypeAlias = Callable[[x509.Certificate, Draft], None]

_AKI: Final = ExtensionOID.AUTHORITY_KEY_IDENTIFIER.dotted_string
_SKI: Final = ExtensionOID.SUBJECT_KEY_IDENTIFIER.dotted_string
_KEY_USAGE: Final = ExtensionOID.KEY_USAGE.dotted_string
_CONSTRAINTS: Final = ExtensionOID.BASIC_CONSTRAINTS.dotted_string
_POLICIES: Final = ExtensionOID.CERTIFICATE_POLICIES.dotted_string
_CRL: Final = ExtensionOID.CRL_DISTRIBUTION_POINTS.dotted_string
_AIA: Final = ExtensionOID.AUTHORITY_INFORMATION_ACCESS.dotted_string

# Exactly these extensions, in this order, critical where it says True. What is not here may not be there: no noRevAvail,
# ocsp-nocheck, extended key usage, name constraints (etsi-profiles §1.1, §1.6, §2.1).
_EXTENSIONS: Final[dict[Kind, list[tuple[str, bool]]]] = {
    "root": [(_SKI, False), (_KEY_USAGE, True), (_CONSTRAINTS, True)],
    "issuing": [
        (_AKI, False),
        (_SKI, False),
        (_KEY_USAGE, True),
        (_CONSTRAINTS, True),
        (_POLICIES, False),
        (_CRL, False),
        (_AIA, False),
    ],
    "signatory": [
        (_AKI, False),
        (_SKI, False),
        (_KEY_USAGE, True),
        (_POLICIES, False),
        (_CRL, False),
        (_AIA, False),
        (QC_STATEMENTS, False),  # QCS-4.1-02: never critical
    ],
}
_LONGEST: Final[dict[Kind, timedelta]] = {
    "root": timedelta(days=9131),  # 25 years
    "issuing": timedelta(days=5479),  # 15 years
    "signatory": timedelta(days=1096),  # 3 years: so that a slip in the settings is no ten-year certificate (attack W4)
}
_SIGNATURES: Final = {
    SignatureAlgorithmOID.RSA_WITH_SHA256,
    SignatureAlgorithmOID.RSA_WITH_SHA512,
    SignatureAlgorithmOID.ECDSA_WITH_SHA256,
    SignatureAlgorithmOID.ECDSA_WITH_SHA384,
}
_PRINTABLE: Final = {"country_name", "serial_number"}


def version_and_serial(certificate: x509.Certificate, draft: Draft) -> None:
    """RFC 5280 §4.1.2.2: positive, at most 20 octets; EN 319 411-1: not to be guessed."""
    if certificate.version is not x509.Version.v3:
        raise NotLinted("version")
    if certificate.serial_number != draft.serial or not 64 < draft.serial.bit_length() <= 159:
        raise NotLinted("serial number: between 65 and 159 bits")


def signature_algorithm(certificate: x509.Certificate, draft: Draft) -> None:
    """TS 119 312: SHA-2, and a curve with its own hash."""
    hashing = certificate.signature_hash_algorithm
    if certificate.signature_algorithm_oid not in _SIGNATURES or hashing is None or hashing.name != draft.hash.name:
        raise NotLinted("signature algorithm")


def issuer_name(certificate: x509.Certificate, draft: Draft) -> None:
    """RFC 5280 §4.1.2.4: byte for byte the issuer's subject; EN 319 412-2 GEN-4.2.3.1: complete."""
    if certificate.issuer.public_bytes() != draft.issuer.name.public_bytes():
        raise NotLinted("issuer is not the authority's subject")
    present = {attribute.oid for attribute in certificate.issuer}
    if not {NameOID.COUNTRY_NAME, NameOID.ORGANIZATION_NAME, NameOID.ORGANIZATION_IDENTIFIER} <= present:
        raise NotLinted("issuer without country, organization or its identifier")


def validity(certificate: x509.Certificate, draft: Draft) -> None:
    """RFC 5280 §4.1.2.5: both ends included; within the issuer's own validity."""
    start, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    span = end - start + ONE_SECOND
    if start != draft.not_before or span != draft.profile.validity:
        raise NotLinted("validity is not the profile's")
    if not timedelta(0) < span <= _LONGEST[draft.profile.kind]:
        raise NotLinted(f"validity of {span.days} days")
    if start < draft.issuer.not_before or end > draft.issuer.not_after:
        raise NotLinted("validity exceeds the issuer's")


def subject_form(certificate: x509.Certificate, draft: Draft) -> None:
    """EN 319 412-2 §4.2: the profile's attributes once each and alone in their RDN, UTF-8 in NFC, no control characters."""
    if [attribute.oid for attribute in certificate.subject] != list(draft.profile.subject):
        raise NotLinted("subject attributes")
    if any(len(list(rdn)) != 1 for rdn in certificate.subject.rdns):
        raise NotLinted("two attributes in one RDN")
    if certificate.subject.public_bytes() != draft.subject.public_bytes():
        raise NotLinted("subject is not the drafted one")
    for rdn in RawName.load(certificate.subject.public_bytes()).chosen:
        _check_attribute(rdn[0])


def subject_key(certificate: x509.Certificate, draft: Draft) -> None:
    """TS 119 312: a key of a type and length that the profile allows; RFC 5280 §4.2.1.2: named by its own hash."""
    try:
        key = public_keys.narrowed(certificate.public_key())
    except KeyRefused as error:
        raise NotLinted(error.detail) from error
    if public_keys.key_type(key) not in draft.profile.keys:
        raise NotLinted(f"key type {public_keys.key_type(key).value}")
    if (key == draft.issuer.public_key) != (draft.profile.kind == "root"):
        raise NotLinted("only a root certifies its own key")
    named = certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    if named != x509.SubjectKeyIdentifier.from_public_key(key):
        raise NotLinted("subject key identifier")


def extension_set(certificate: x509.Certificate, draft: Draft) -> None:
    """Exactly the extensions of this kind, in order, with their criticality: no junk (attack W4)."""
    found = [(extension.oid.dotted_string, extension.critical) for extension in certificate.extensions]
    if found != _EXTENSIONS[draft.profile.kind]:
        raise NotLinted(f"extensions {found}")


def issuer_key(certificate: x509.Certificate, draft: Draft) -> None:
    """RFC 5280 §4.2.1.1: the key identifier alone, and it is the issuer's."""
    if draft.profile.kind == "root":
        return
    named = certificate.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value
    expected = x509.SubjectKeyIdentifier.from_public_key(draft.issuer.public_key).digest
    if (named.key_identifier, named.authority_cert_issuer, named.authority_cert_serial_number) != (
        expected,
        None,
        None,
    ):
        raise NotLinted("authority key identifier")


def addresses(certificate: x509.Certificate, _draft: Draft) -> None:
    """RFC 5280 §4.2.1.13 and §4.2.2.1: plain http, at names that mean the same everywhere."""
    for extension in certificate.extensions:
        if isinstance(extension.value, x509.CRLDistributionPoints):
            names = [name.value for point in extension.value for name in point.full_name or ()]
            if len(names) != 1 or len(extension.value) != 1:
                raise NotLinted("not one CRL address")
            check_url(names[0], "http")
        if isinstance(extension.value, x509.AuthorityInformationAccess):
            for description in extension.value:
                check_url(description.access_location.value, "http")


def issuers_certificate_is_found(certificate: x509.Certificate, draft: Draft) -> None:
    """EN 319 412-2 GEN-4.4.1: caIssuers in every certificate but a root's, and a responder for signatories."""
    if draft.profile.kind == "root":
        return
    access = certificate.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    methods = [description.access_method for description in access]
    responder = [AuthorityInformationAccessOID.OCSP] if draft.profile.kind == "signatory" else []
    if methods != [*responder, AuthorityInformationAccessOID.CA_ISSUERS]:
        raise NotLinted("authority information access")


def authority(certificate: x509.Certificate, draft: Draft) -> None:
    """RFC 5280 §4.2.1.3, §4.2.1.9: what makes a CA; and a name that says TEST, since this is one (etsi-profiles §1.8)."""
    if not draft.profile.is_ca:
        return
    constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value
    if not constraints.ca or constraints.path_length != (0 if draft.profile.kind == "issuing" else None):
        raise NotLinted("basic constraints")
    if allowed_uses(certificate) != {"key_cert_sign", "crl_sign"}:
        raise NotLinted("key usage of a CA")
    common_name, *_ = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    if not str(common_name.value).startswith("TEST "):
        raise NotLinted("the name of a test CA begins with TEST")


def allowed_uses(certificate: x509.Certificate) -> set[str]:
    """Return the names of the key usage bits that are set."""
    usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    plain = ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment")
    return {name for name in (*plain, "key_agreement", "key_cert_sign", "crl_sign") if getattr(usage, name)}


def check_url(url: str, scheme: str) -> None:
    """Check that a URL in a certificate has this scheme and a host that is no name of this machine or network.

    Raises:
        NotLinted: it has not.
    """
    parts = urlsplit(url)
    if parts.scheme != scheme or not parts.hostname or not parts.path:
        raise NotLinted(f"URL {url}: {scheme} and a path are needed")
    if is_loopback(url) or "." not in parts.hostname or parts.hostname.endswith((".local", ".localhost", ".internal")):
        raise NotLinted(f"URL {url}: the host means nothing to others")


def _check_attribute(attribute: object) -> None:
    kind, value = attribute["type"].native, attribute["value"]  # type: ignore[index]  # asn1crypto is untyped
    text: str = value.native
    expected = "PrintableString" if kind in _PRINTABLE else "UTF8String"
    if type(value.chosen if hasattr(value, "chosen") else value).__name__ != expected:
        raise NotLinted(f"{kind}: not {expected}")
    if not text or text != text.strip() or unicodedata.normalize("NFC", text) != text:
        raise NotLinted(f"{kind}: empty, blanks around it, or not in NFC")
    if any(unicodedata.category(character)[0] in "CZ" and character != " " for character in text):
        raise NotLinted(f"{kind}: a character that cannot be seen")


EVERY: Final[tuple[Rule, ...]] = (
    version_and_serial,
    signature_algorithm,
    issuer_name,
    validity,
    subject_form,
    extension_set,  # before those that read an extension
    subject_key,
    issuer_key,
    addresses,
    issuers_certificate_is_found,
    authority,
)
