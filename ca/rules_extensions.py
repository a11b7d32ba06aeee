"""Rules on the extensions of every certificate, said again from the standards and not read from the profile."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, ExtensionOID

from ca.draft import Draft
from ca.profiles import TSL_SIGNING, Kind
from ca.protocol import NotLinted
from ca.qc_statements import EXTENSION as QC_STATEMENTS
from ca.rules import Rule
from core.config import is_loopback

_AKI: Final = (ExtensionOID.AUTHORITY_KEY_IDENTIFIER.dotted_string, False)
_SKI: Final = (ExtensionOID.SUBJECT_KEY_IDENTIFIER.dotted_string, False)
_KEY_USAGE: Final = (ExtensionOID.KEY_USAGE.dotted_string, True)
_IS_CA: Final = (ExtensionOID.BASIC_CONSTRAINTS.dotted_string, True)
_IS_NO_CA: Final = (ExtensionOID.BASIC_CONSTRAINTS.dotted_string, False)
_PURPOSE: Final = (ExtensionOID.EXTENDED_KEY_USAGE.dotted_string, False)
_ONLY_PURPOSE: Final = (ExtensionOID.EXTENDED_KEY_USAGE.dotted_string, True)  # RFC 3161 §2.3
_KEY_PERIOD: Final = (ExtensionOID.PRIVATE_KEY_USAGE_PERIOD.dotted_string, False)
_NO_CHECK: Final = (ExtensionOID.OCSP_NO_CHECK.dotted_string, False)
_POLICIES: Final = (ExtensionOID.CERTIFICATE_POLICIES.dotted_string, False)
_CRL: Final = (ExtensionOID.CRL_DISTRIBUTION_POINTS.dotted_string, False)
_AIA: Final = (ExtensionOID.AUTHORITY_INFORMATION_ACCESS.dotted_string, False)
_CLAIMS: Final = (QC_STATEMENTS, False)  # QCS-4.1-02: never critical

# Exactly these extensions, in this order, critical where it says True. What is not here may not be there: no noRevAvail,
# no name constraints, ocsp-nocheck for the responder alone (etsi-profiles §1.1, §1.6, §2.1, §2.3, §3, §7.2).
_EXTENSIONS: Final[dict[Kind, list[tuple[str, bool]]]] = {
    "root": [_SKI, _KEY_USAGE, _IS_CA],
    "issuing": [_AKI, _SKI, _KEY_USAGE, _IS_CA, _POLICIES, _CRL, _AIA],
    "signatory": [_AKI, _SKI, _KEY_USAGE, _POLICIES, _CRL, _AIA, _CLAIMS],
    "seal": [_AKI, _SKI, _KEY_USAGE, _POLICIES, _CRL, _AIA, _CLAIMS],
    "ocsp": [_AKI, _SKI, _KEY_USAGE, _PURPOSE, _NO_CHECK, _AIA],
    "tsu": [_AKI, _SKI, _KEY_USAGE, _ONLY_PURPOSE, _KEY_PERIOD, _POLICIES, _CRL, _AIA],
    "list-signer": [_AKI, _SKI, _KEY_USAGE, _IS_NO_CA, _PURPOSE, _CRL, _AIA],
}
_CA_USES: Final = frozenset({"key_cert_sign", "crl_sign"})
_COMMITMENT: Final = frozenset({"content_commitment"})
_SIGNATURE: Final = frozenset({"digital_signature"})
_USES: Final[dict[Kind, tuple[frozenset[str], list[x509.ObjectIdentifier]]]] = {
    "root": (_CA_USES, []),
    "issuing": (_CA_USES, []),
    "signatory": (_COMMITMENT, []),
    "seal": (_COMMITMENT, []),
    "ocsp": (_SIGNATURE, [ExtendedKeyUsageOID.OCSP_SIGNING]),
    "tsu": (_SIGNATURE, [ExtendedKeyUsageOID.TIME_STAMPING]),
    "list-signer": (_COMMITMENT, [TSL_SIGNING]),
}
_NAMES: Final = {
    _CA_USES: "that of a CA",
    _COMMITMENT: "type A",
    _SIGNATURE: "digitalSignature alone",
}


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
    """EN 319 412-2 GEN-4.4.1: caIssuers in every certificate but a root's, a responder for end entities but itself."""
    if draft.profile.kind == "root":
        return
    access = certificate.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    methods = [description.access_method for description in access]
    responder = [] if draft.profile.kind in {"issuing", "ocsp"} else [AuthorityInformationAccessOID.OCSP]
    if methods != [*responder, AuthorityInformationAccessOID.CA_ISSUERS]:
        raise NotLinted("authority information access")


def uses(certificate: x509.Certificate, draft: Draft) -> None:
    """RFC 5280 §4.2.1.3, §4.2.1.12: the uses of the key that this kind has, and no others."""
    wanted, purposes = _USES[draft.profile.kind]
    if allowed_uses(certificate) != wanted:
        raise NotLinted(f"key usage is not {_NAMES[wanted]}")
    if purposes and list(certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value) != purposes:
        raise NotLinted("extended key usage")


def constraints(certificate: x509.Certificate, draft: Draft) -> None:
    """RFC 5280 §4.2.1.9: a CA says so; a CA below the root certifies end entities only; nobody else is one."""
    for extension in certificate.extensions:
        if isinstance(extension.value, x509.BasicConstraints):
            length = 0 if draft.profile.kind == "issuing" else None
            if (extension.value.ca, extension.value.path_length) != (draft.profile.kind in {"root", "issuing"}, length):
                raise NotLinted("basic constraints")


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


EXTENSIONS: Final[tuple[Rule, ...]] = (
    extension_set,  # before those that read an extension
    issuer_key,
    addresses,
    issuers_certificate_is_found,
    constraints,
    uses,
)
