"""Whether a certificate chains to the one pinned root, and may sign documents at a time (RFC 5280 §6).

Revocation is not looked up here: a signature of level B-B carries nothing to look it up with. The signing service
refuses a revoked certificate when it signs.
"""

from __future__ import annotations

import asyncio
from datetime import datetime

from asn1crypto import x509 as asn1_x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import Certificate, load_der_x509_certificate
from pyhanko_certvalidator import CertificateValidator, ValidationContext
from pyhanko_certvalidator.errors import ExpiredError, NotYetValidError, PathError, ValidationError

from portal.verification.failures import CertificateNotValid, ChainUntrusted


def check_chain(certificate_der: bytes, others: list[bytes], root: Certificate, at: datetime) -> None:
    """Check that a certificate may sign documents at an instant, by a chain to the root.

    Raises:
        ChainUntrusted: no such chain, or a certificate not for signing documents.
        CertificateNotValid: it was not valid then.
    """
    leaf = load_der_x509_certificate(certificate_der)
    if not leaf.not_valid_before_utc <= at <= leaf.not_valid_after_utc:
        raise CertificateNotValid(f"{leaf.not_valid_before_utc} to {leaf.not_valid_after_utc}")
    anchor = asn1_x509.Certificate.load(root.public_bytes(Encoding.DER))
    context = ValidationContext(
        trust_roots=[anchor],
        moment=at,
        allow_fetching=False,
        revocation_mode="soft-fail",
        weak_hash_algos={"md5", "sha1"},
    )
    try:
        validator = CertificateValidator(
            asn1_x509.Certificate.load(certificate_der),
            intermediate_certs=[asn1_x509.Certificate.load(each) for each in others],
            validation_context=context,
        )
        asyncio.run(validator.async_validate_usage({"non_repudiation"}))
    except (ExpiredError, NotYetValidError) as error:
        raise CertificateNotValid(str(error)[:300]) from error
    except (PathError, ValidationError, ValueError) as error:
        raise ChainUntrusted(str(error)[:300]) from error
