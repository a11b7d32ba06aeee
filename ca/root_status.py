"""What the root's published list says of the generations of the issuing CA: one that is on it certifies nobody."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from cryptography import x509

from ca import crl
from ca.draft import Issuer
from ca.protocol import AuthorityRevoked
from ca.publication import ROOT_CRL, Identity, identity


class RootStatus:
    """Reads the root's list, again only when it was replaced."""

    def __init__(self, root: x509.Certificate, published: Path) -> None:
        self._root = Issuer.of(root)
        self._path: Final = published / ROOT_CRL
        self._seen: tuple[Identity, x509.CertificateRevocationList] | None = None

    def check_not_revoked(self, certificate: x509.Certificate) -> None:
        """Check that the root has not revoked a CA.

        Raises:
            AuthorityRevoked: it has.
            PublishedCrlBroken: there is no list, or not the root's.
        """
        entry = self.entry(certificate)
        if entry is not None:
            raise AuthorityRevoked(f"{certificate.serial_number:x} since {entry.revocation_date_utc}")

    def entry(self, certificate: x509.Certificate) -> x509.RevokedCertificate | None:
        """Return the entry of a CA on the root's list; None when it is not on it.

        Raises:
            PublishedCrlBroken: there is no list, or not the root's.
        """
        return self._current().get_revoked_certificate_by_serial_number(certificate.serial_number)

    def _current(self) -> x509.CertificateRevocationList:
        try:
            found = identity(self._path.stat())
            if self._seen is None or self._seen[0] != found:
                self._seen = found, crl.read(self._path.read_bytes(), self._root)
        except OSError as error:
            raise crl.PublishedCrlBroken(f"{self._path.name}: {error.strerror}") from error
        return self._seen[1]
