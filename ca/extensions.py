"""The extensions of certificates and CRLs: one small builder for each, with its clause, and which of them a profile has."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat import asn1
from cryptography.x509.oid import AuthorityInformationAccessOID

from ca import qc_statements
from ca.profiles import KeyUsage, Profile, QcClaims
from ca.public_keys import PublicKey

EXPIRED_CERTS_ON_CRL = x509.ObjectIdentifier("2.5.29.60")


@dataclass(frozen=True, slots=True)
class Extension:
    """One extension to be added."""

    value: x509.ExtensionType
    critical: bool = False


def of_certificate(
    profile: Profile, subject_key: PublicKey, issuer_key: PublicKey, not_before: datetime
) -> Iterator[Extension]:
    """Give the extensions that a profile wants, in the order they are written."""
    if profile.kind != "root":
        yield authority_key_identifier(issuer_key)
    yield subject_key_identifier(subject_key)
    yield key_usage(profile.key_usage)
    yield from _of_use(profile, not_before)
    if profile.policies:
        yield certificate_policies(profile.policies, profile.practice_url)
    if profile.crl_url:
        yield crl_distribution_point(profile.crl_url)
    if profile.issuer_url:
        yield authority_information_access(profile.issuer_url, profile.ocsp_url)
    if profile.qc:
        yield qc_claims(profile.qc)


def _of_use(profile: Profile, not_before: datetime) -> Iterator[Extension]:
    """Give the extensions that say what the subject's key is for, beside its key usage."""
    if profile.is_ca or profile.says_end_entity:
        yield basic_constraints(profile.path_length, is_ca=profile.is_ca)
    if profile.purpose:
        yield extended_key_usage(profile.purpose, critical=profile.purpose_critical)
    if profile.key_life:
        yield private_key_usage_period(not_before, profile.key_life)
    if profile.never_checked:
        yield Extension(x509.OCSPNoCheck())  # RFC 6960 §4.2.2.2.1


def of_crl(issuer_key: PublicKey, number: int, issuer_not_before: datetime) -> Iterator[Extension]:
    """Give the extensions of a complete CRL."""
    yield authority_key_identifier(issuer_key)
    yield crl_number(number)
    yield expired_certs_on_crl(issuer_not_before)


def authority_key_identifier(issuer_key: PublicKey) -> Extension:
    """Name the issuer's key by its identifier alone. Source: RFC 5280 §4.2.1.1; EN 319 412-2 GEN-4.3.1."""
    return Extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key))


def subject_key_identifier(subject_key: PublicKey) -> Extension:
    """Name the subject's key: SHA-1 of the key bits, as a name and not as a protection. Source: RFC 5280 §4.2.1.2."""
    return Extension(x509.SubjectKeyIdentifier.from_public_key(subject_key))


def key_usage(uses: frozenset[KeyUsage]) -> Extension:
    """Allow these uses of the key and no others. Source: RFC 5280 §4.2.1.3."""
    value = x509.KeyUsage(
        digital_signature="digital_signature" in uses,
        content_commitment="content_commitment" in uses,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign="key_cert_sign" in uses,
        crl_sign="crl_sign" in uses,
        encipher_only=False,
        decipher_only=False,
    )
    return Extension(value, critical=True)


def basic_constraints(path_length: int | None, *, is_ca: bool) -> Extension:
    """Mark a CA, critically; or say that this is none. Source: RFC 5280 §4.2.1.9."""
    return Extension(x509.BasicConstraints(ca=is_ca, path_length=path_length), critical=is_ca)


def extended_key_usage(purpose: x509.ObjectIdentifier, *, critical: bool) -> Extension:
    """Allow one purpose. Source: RFC 5280 §4.2.1.12."""
    return Extension(x509.ExtendedKeyUsage([purpose]), critical)


def private_key_usage_period(begins: datetime, life: timedelta) -> Extension:
    """Say how long the key is used, both ends included. Source: X.509 §9.2.2.5; EN 319 422 §6.4."""
    return Extension(x509.PrivateKeyUsagePeriod(begins, begins + life - timedelta(seconds=1)))


def certificate_policies(policies: tuple[x509.ObjectIdentifier, ...], practice_url: str | None) -> Extension:
    """Name the policies; the first one with the practice statement's URL. Source: RFC 5280 §4.2.1.4."""
    first, *others = policies
    informations = [x509.PolicyInformation(first, [practice_url] if practice_url else None)]
    informations += [x509.PolicyInformation(policy, None) for policy in others]
    return Extension(x509.CertificatePolicies(informations))


def crl_distribution_point(url: str) -> Extension:
    """Say where the complete CRL is. Source: RFC 5280 §4.2.1.13; EN 319 412-2 GEN-4.3.11."""
    point = x509.DistributionPoint([x509.UniformResourceIdentifier(url)], None, None, None)
    return Extension(x509.CRLDistributionPoints([point]))


def authority_information_access(issuer_url: str, ocsp_url: str | None) -> Extension:
    """Say where the responder and the issuer's certificate are. Source: RFC 5280 §4.2.2.1; EN 319 412-2 §4.4.1."""
    methods = [(AuthorityInformationAccessOID.OCSP, ocsp_url), (AuthorityInformationAccessOID.CA_ISSUERS, issuer_url)]
    descriptions = [
        x509.AccessDescription(method, x509.UniformResourceIdentifier(url)) for method, url in methods if url
    ]
    return Extension(x509.AuthorityInformationAccess(descriptions))


def qc_claims(claims: QcClaims) -> Extension:
    """State the claims; never critical (EN 319 412-5 QCS-4.1-02)."""
    oid = x509.ObjectIdentifier(qc_statements.EXTENSION)
    return Extension(x509.UnrecognizedExtension(oid, qc_statements.encode(claims)))


def crl_number(number: int) -> Extension:
    """Number a CRL; each higher than all before it. Source: RFC 5280 §5.2.3."""
    return Extension(x509.CRLNumber(number))


def expired_certs_on_crl(since: datetime) -> Extension:
    """Say that revoked certificates stay on the list after they expire. Source: EN 319 411-2 CSS-6.3.10-03; X.509 §9.5.2.8."""
    value = asn1.encode_der(asn1.GeneralizedTime(since))
    return Extension(x509.UnrecognizedExtension(EXPIRED_CERTS_ON_CRL, value))
