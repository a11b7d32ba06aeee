"""Certificates that administrators have issued: of the service's own parts, and of legal persons for their seals."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy import Connection

from ca import applications, audit, csr, public_keys, tables
from ca.applications import Application
from ca.crl_issuer import CrlIssuer
from ca.csr import ProvenRequest
from ca.issuance import Issuance
from ca.mandates import Mandates
from ca.names import LegalPerson
from ca.parts import Parts
from ca.profiles import Profile
from ca.protocol import CertifyLegalPerson, CertifyService, IssuedCertificate, ServiceKind

_RESPONDER: Final = "ocsp"


class Certifying:
    """Issues certificates against a PKCS#10."""

    def __init__(
        self,
        certificate: x509.Certificate,
        services: Mapping[ServiceKind, Profile],
        seal: Profile,
        parts: Parts,
        crl: CrlIssuer,
        mandates: Mandates,
    ) -> None:
        self._certificate_der = certificate.public_bytes(Encoding.DER)
        self._services = services
        self._seal = seal
        self._parts = parts
        self._crl = crl
        self._mandates = mandates
        self._issuance = Issuance(parts)

    def certify(self, request: CertifyService) -> IssuedCertificate:
        """Issue a certificate for a part of the service.

        Raises:
            NotSignedIn, NotMandated: who asks may not have it issued.
            RequestMalformed, PossessionNotProven, KeyRefused, NameRefused: the request cannot be accepted.
            KeyAlreadyCertified, NotLinted, AuthorityClosed, ClockInDoubt: none is issued for it.
            Unavailable: token or database do not work; nothing was handed out.
        """
        with self._parts.database.reading() as connection:
            self._mandates.check(connection, request.by, "renew responder")  # who asks comes before what they sent
            proven = csr.read(request.request)
            if not self._is_renewal(connection, request.kind, proven):
                self._mandates.check(connection, request.by, "certify")
        return self._of_service(request.kind, proven)

    def issue(self, kind: ServiceKind, request_der: bytes) -> IssuedCertificate:
        """Issue a certificate for a part of the service without asking who wants it: for `paraph init`.

        Raises:
            DomainError: as `certify`.
        """
        return self._of_service(kind, csr.read(request_der))

    def certify_legal_person(self, request: CertifyLegalPerson) -> IssuedCertificate:
        """Issue a legal person's certificate, from what an administrator has vetted.

        Raises:
            NotSignedIn, NotMandated: who asks may not have it issued.
            RequestMalformed, PossessionNotProven, KeyRefused: the request cannot be accepted.
            NameRefused: the request names somebody else, or no certificate may have what was vetted.
            KeyAlreadyCertified, NotLinted, AuthorityClosed, ClockInDoubt: none is issued for it.
            Unavailable: token or database do not work; nothing was handed out.
        """
        with self._parts.database.reading() as connection:
            by = self._mandates.check(connection, request.by, "certify")
        proven = csr.read(request.request)
        vetted = LegalPerson(request.organization, request.identifier, request.common_name)
        return self._issued(applications.of_legal_person(self._seal, proven, vetted, by))

    def _of_service(self, kind: ServiceKind, proven: ProvenRequest) -> IssuedCertificate:
        return self._issued(applications.of_service(self._services[kind], proven, self._parts.issuer.name))

    def _issued(self, application: Application) -> IssuedCertificate:
        self._crl.check_open()
        certificate = self._issuance.issue(application)
        return IssuedCertificate(certificate.public_bytes(Encoding.DER), self._certificate_der)

    def _is_renewal(self, connection: Connection, kind: ServiceKind, proven: ProvenRequest) -> bool:
        """Return whether the key answers for this authority already, so that it gets no power that it has not."""
        key = audit.digest(public_keys.encoded(proven.public_key))
        known = tables.certificates_of_key(connection, key)
        statuses = [self._parts.statuses.current(connection, serial) for serial, _profile in known]
        return (
            kind == _RESPONDER
            and bool(known)
            and all(profile == _RESPONDER for _serial, profile in known)
            and all(each is not None and each.status == "good" for each in statuses)
        )
