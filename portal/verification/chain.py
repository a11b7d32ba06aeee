"""Whether a certificate chains to the one pinned root, and may sign documents at a time (RFC 5280 §6).

Below level B-LT a signature carries nothing to learn of a revocation from: the signing service refuses a revoked
certificate when it signs. From B-LT on, what the file itself carries must show that nobody in the chain was revoked;
nothing is asked of anybody.
"""

from __future__ import annotations

import asyncio
from datetime import datetime

from asn1crypto import crl as asn1_crl
from asn1crypto import ocsp as asn1_ocsp
from asn1crypto import x509 as asn1_x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import Certificate, load_der_x509_certificate
from pyhanko_certvalidator import CertificateValidator, ValidationContext
from pyhanko_certvalidator.errors import ExpiredError, NotYetValidError, PathError, ValidationError

from portal.verification.additions import Evidence
from portal.verification.failures import CertificateMalformed, CertificateNotValid, ChainUntrusted, RevocationUnknown


def load(der: bytes) -> Certificate:
    """Return a certificate that somebody else sent.

    Raises:
        CertificateMalformed: it is none.
    """
    try:
        certificate = load_der_x509_certificate(der)
        if certificate.public_bytes(Encoding.DER) != der:
            raise CertificateMalformed("more than a certificate")
        certificate.public_key()
    except (ValueError, TypeError) as error:
        raise CertificateMalformed(str(error)[:300]) from error
    return certificate


def check_chain(certificate_der: bytes, others: list[bytes], root: Certificate, at: datetime) -> None:
    """Check that a certificate may sign documents at an instant, by a chain to the root that `others` are all part of.

    Raises:
        ChainUntrusted: no such chain, or a certificate not for signing documents, or one that has no part in it.
        CertificateNotValid: it was not valid then.
        CertificateMalformed: one of them is no certificate.
    """
    leaf = load(certificate_der)
    if not leaf.not_valid_before_utc <= at <= leaf.not_valid_after_utc:
        raise CertificateNotValid(f"{leaf.not_valid_before_utc} to {leaf.not_valid_after_utc}")
    try:
        path = asyncio.run(_path(certificate_der, others, root, at))
    except (ExpiredError, NotYetValidError) as error:
        raise CertificateNotValid(str(error)[:300]) from error
    except (PathError, ValidationError) as error:
        raise ChainUntrusted(str(error)[:300]) from error
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:  # a hostile certificate
        raise CertificateMalformed(f"{type(error).__name__}: {error}"[:300]) from error
    if len(set(others)) != len(others) or not set(others) <= path:
        raise ChainUntrusted("a certificate that has no part in the chain")


def check_not_revoked(
    certificate_der: bytes, others: list[bytes], root: Certificate, evidence: Evidence, at: datetime
) -> None:
    """Check by what a file carries that no certificate of a chain was revoked.

    Raises:
        RevocationUnknown: it does not show that.
    """
    intermediates = [asn1_x509.Certificate.load(each) for each in others]
    try:
        validator = CertificateValidator(
            asn1_x509.Certificate.load(certificate_der),
            intermediate_certs=intermediates,
            validation_context=validation_context(root, at, evidence),
        )
        asyncio.run(validator.async_validate_path())
    except (PathError, ValidationError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise RevocationUnknown(f"{type(error).__name__}: {error}"[:300]) from error


def validation_context(root: Certificate, at: datetime, evidence: Evidence | None = None) -> ValidationContext:
    """Return what a chain is validated with: the one root, and the evidence, which then must speak for everybody."""
    evidence, mode = (Evidence(), "soft-fail") if evidence is None else (evidence, "require")
    return ValidationContext(
        trust_roots=[asn1_x509.Certificate.load(root.public_bytes(Encoding.DER))],
        other_certs=[asn1_x509.Certificate.load(each) for each in evidence.certificates],
        ocsps=[asn1_ocsp.OCSPResponse.load(each) for each in evidence.ocsps],
        crls=[asn1_crl.CertificateList.load(each) for each in evidence.crls],
        moment=at,
        allow_fetching=False,
        revocation_mode=mode,
        weak_hash_algos={"md5", "sha1"},
    )


async def _path(certificate_der: bytes, others: list[bytes], root: Certificate, at: datetime) -> set[bytes]:
    """Return the certificates of the chain, DER."""
    anchor = asn1_x509.Certificate.load(root.public_bytes(Encoding.DER))
    context = validation_context(root, at)
    validator = CertificateValidator(
        asn1_x509.Certificate.load(certificate_der),
        intermediate_certs=[asn1_x509.Certificate.load(each) for each in others],
        validation_context=context,
    )
    path = await validator.async_validate_usage({"non_repudiation"})
    return {each.dump() for each in path} | {anchor.dump()}
