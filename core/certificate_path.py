"""From a certificate to an authority that is trusted, at one moment; certificates in between come from anywhere.

The path is found and judged by `cryptography`'s verifier (RFC 5280 §6.1: signatures, names, validity, CA certificates and
their path length); what the certificate itself is for is said by who asks. Revocation is not looked at here.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from cryptography.x509 import Certificate, ExtendedKeyUsage, ObjectIdentifier
from cryptography.x509.verification import (
    Criticality,
    ExtensionPolicy,
    Policy,
    PolicyBuilder,
    Store,
    VerificationError,
)

from core.errors import DomainError

_AUTHORITIES: Final = ExtensionPolicy.webpki_defaults_ca()


class NotCertified(DomainError):
    """No path leads from the certificate to a trusted authority, or it is for another purpose."""


def check_path(
    certificate: Certificate,
    between: Sequence[Certificate],
    anchors: Sequence[Certificate],
    purpose: ObjectIdentifier,
    at: datetime,
) -> None:
    """Check that `certificate` was valid at a moment, under one of `anchors`, for `purpose` alone (critical, RFC 3161 §2.3).

    Raises:
        NotCertified: it was not.
    """

    def check_purpose(_policy: Policy, _certificate: Certificate, usage: ExtendedKeyUsage) -> None:
        if list(usage) != [purpose]:
            raise ValueError("for other purposes")

    if not anchors:
        raise NotCertified("no authority is trusted")
    for_purpose = ExtensionPolicy.permit_all().require_present(ExtendedKeyUsage, Criticality.CRITICAL, check_purpose)
    verifier = (
        PolicyBuilder()
        .store(Store(list(anchors)))
        .time(at.astimezone(UTC).replace(tzinfo=None))
        .extension_policies(ca_policy=_AUTHORITIES, ee_policy=for_purpose)
        .build_client_verifier()
    )
    try:
        verifier.verify(certificate, list(between))
    except VerificationError as error:
        raise NotCertified(str(error)[:300]) from error
