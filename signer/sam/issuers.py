"""The issuing CAs whose certificates the SAM takes: one for each generation, pinned as files in its folder.

A generation that was pinned since the last look is noticed when a certificate first names it, without a restart; one
that was ever pinned stays, because signatories' certificates outlive their issuer's turn.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import load_der_x509_certificate, load_pem_x509_certificate

from core.errors import DomainError
from signer.sam.errors import CertificateMismatch

_FILES: Final = "issuing*.pem"


class PinnedIssuerUnusable(DomainError):
    """A pinned certificate of an issuing CA is missing or is none."""


class Issuers:
    """The pinned issuing CAs of a folder."""

    def __init__(self, folder: Path) -> None:
        """Read what is pinned.

        Raises:
            PinnedIssuerUnusable: a file is no certificate, or there is none.
        """
        self._folder = folder
        self._known = self._read()

    def of(self, certificate_der: bytes) -> bytes:
        """Return the certificate (DER) of the issuing CA that a certificate names.

        Raises:
            CertificateMismatch: no pinned one has that name, or it is no certificate.
            PinnedIssuerUnusable: a file that is new is no certificate.
        """
        found = _named(certificate_der, self._known)
        if found is None:
            self._known = self._read()
            found = _named(certificate_der, self._known)
        if found is None:
            raise CertificateMismatch("issuer")
        return found

    def check_signed(self, certificate_der: bytes) -> None:
        """Check that the issuing CA which a certificate names signed it.

        Raises:
            CertificateMismatch: it did not.
        """
        issuer = load_der_x509_certificate(self.of(certificate_der))
        try:
            load_der_x509_certificate(certificate_der).verify_directly_issued_by(issuer)
        except (ValueError, TypeError, InvalidSignature) as error:
            raise CertificateMismatch(f"issuer: {type(error).__name__}") from error

    def _read(self) -> tuple[bytes, ...]:
        paths = sorted(self._folder.glob(_FILES))
        if not paths:
            raise PinnedIssuerUnusable(f"{self._folder / _FILES}: none")
        return tuple(_der(path) for path in paths)


def _der(path: Path) -> bytes:
    try:
        return load_pem_x509_certificate(path.read_bytes()).public_bytes(Encoding.DER)
    except (OSError, ValueError) as error:
        raise PinnedIssuerUnusable(f"{path}: {error}") from error


@lru_cache(maxsize=1024)
def _named(certificate_der: bytes, issuers: tuple[bytes, ...]) -> bytes | None:
    try:
        name = load_der_x509_certificate(certificate_der).issuer
    except ValueError as error:
        raise CertificateMismatch(f"issuer: {type(error).__name__}") from error
    return next((issuer for issuer in issuers if load_der_x509_certificate(issuer).subject == name), None)
