"""The generations of the issuing CA as the `status` zone knows them: from the certificates that the authority published.

A generation that is new is noticed when somebody first asks about its certificates; nothing is started anew.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from cryptography import x509

from ca.delegated import DelegationUnusable
from ca.generations import pinned
from ca.ocsp.issuers import AnsweredIssuer, Delegation
from ca.ocsp.request import CertId
from ca.publication import issuing_certificate_pem

DelegationOf = Callable[[int, x509.Certificate], Callable[[], Delegation]]  # number and certificate of a generation


class StatusIssuers:
    """The issuers that are published in a folder."""

    def __init__(self, published: Path, delegation_of: DelegationOf) -> None:
        """`delegation_of` tells how to find the responder's key of a generation."""
        self._published = published
        self._delegation_of = delegation_of
        self._certificates: dict[int, x509.Certificate] = {}
        self._answered: dict[int, AnsweredIssuer] = {}

    def numbers(self) -> Iterator[int]:
        """Give the numbers of all generations, oldest first.

        Raises:
            DelegationUnusable: a published certificate is none.
        """
        self._look_again()
        return iter(sorted(self._answered))

    def answered(self, number: int) -> AnsweredIssuer:
        """Return a generation that `numbers` gave."""
        return self._answered[number]

    def named(self, cert_id: CertId) -> AnsweredIssuer | None:
        """Return the issuer whose certificate a CertID names; None when it is not known here.

        Raises:
            DelegationUnusable: a published certificate is none.
        """
        found = self._named(cert_id)
        if found is None:
            self._look_again()
            found = self._named(cert_id)
        return found

    def of(self, certificate: x509.Certificate) -> x509.Certificate:
        """Return the issuer that a certificate names; whether it signed it is another question.

        Raises:
            DelegationUnusable: it is not known here, or a published certificate is none.
        """
        self._look_again()
        for issuer in self._certificates.values():
            if issuer.subject == certificate.issuer:
                return issuer
        raise DelegationUnusable("not a certificate of this authority")

    def _named(self, cert_id: CertId) -> AnsweredIssuer | None:
        return next((each for each in self._answered.values() if each.is_named(cert_id)), None)

    def _look_again(self) -> None:
        for number in sorted(pinned(self._published) - self._certificates.keys()):
            path = self._published / issuing_certificate_pem(number)
            try:
                certificate = x509.load_pem_x509_certificate(path.read_bytes())
            except (OSError, ValueError) as error:
                raise DelegationUnusable(f"{path.name}: {error}") from error
            self._certificates[number] = certificate
            self._answered[number] = AnsweredIssuer(certificate, self._delegation_of(number, certificate))
