"""Rules on the fields of every certificate, said again from the standards and not read from the profile.

A rule takes the certificate as it would be signed, read back from its bytes, and the draft it was made from. It raises
`NotLinted` and names what is broken. Rules on extensions are in `ca.rules_extensions`; those of some kinds alone in
`ca.rules_signatory`, `ca.rules_claims` and `ca.rules_provider`.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from datetime import timedelta
from typing import Final, TypeAlias

from asn1crypto.x509 import Name as RawName
from cryptography import x509
from cryptography.x509.oid import NameOID, SignatureAlgorithmOID

from ca import public_keys
from ca.draft import ONE_SECOND, Draft
from ca.profiles import Kind
from ca.protocol import KeyRefused, NotLinted

Rule: TypeAlias = Callable[[x509.Certificate, Draft], None]

_LONGEST: Final[dict[Kind, timedelta]] = {
    "root": timedelta(days=9131),  # 25 years
    "issuing": timedelta(days=5479),  # 15 years
    "signatory": timedelta(days=1096),  # 3 years: so that a slip in the settings is no ten-year certificate (attack W4)
    "seal": timedelta(days=1096),
    "ocsp": timedelta(days=31),  # RFC 6960 §4.2.2.2.1: with nocheck only when short
    "tsu": timedelta(days=3653),
    "list-signer": timedelta(days=1096),
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


FIELDS: Final[tuple[Rule, ...]] = (version_and_serial, signature_algorithm, issuer_name, validity, subject_form)
AFTER_EXTENSIONS: Final[tuple[Rule, ...]] = (subject_key,)
