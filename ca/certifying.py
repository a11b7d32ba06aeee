"""Certificates that administrators have issued: of the service's own parts, and of legal persons for their seals."""

from __future__ import annotations

from typing import Final

from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy import Connection

from ca import applications, audit, csr, profiles, public_keys, tables
from ca.applications import Application
from ca.csr import ProvenRequest
from ca.generations import Generation
from ca.issuance import Issuance
from ca.mandates import Mandates
from ca.names import LegalPerson
from ca.parts import Parts
from ca.protocol import CertifyLegalPerson, CertifyService, IssuedCertificate, ServiceKind
from ca.revocation_lists import RevocationLists
from core.config import Ca

_RESPONDER: Final = "ocsp"


class Certifying:
    """Issues certificates against a PKCS#10."""

    def __init__(self, settings: Ca, parts: Parts, lists: RevocationLists, mandates: Mandates) -> None:
        self._settings = settings
        self._parts = parts
        self._lists = lists
        self._mandates = mandates
        self._issuance = Issuance(parts)

    def certify(self, request: CertifyService) -> IssuedCertificate:
        """Issue a certificate for a part of the service.

        A responder's comes from the generation it will answer for, whether that issues or not; any other part's from
        the one that issues.

        Raises:
            NotSignedIn, NotMandated: who asks may not have it issued.
            RequestMalformed, PossessionNotProven, KeyRefused, NameRefused: the request cannot be accepted.
            GenerationUnknown, AuthorityRevoked: no such issuing CA, or one that certifies nobody.
            KeyAlreadyCertified, NotLinted, AuthorityClosed, ClockInDoubt: none is issued for it.
            Unavailable: token or database do not work; nothing was handed out.
        """
        with self._parts.database.reading() as connection:
            self._mandates.check(connection, request.by, "renew responder")  # who asks comes before what they sent
            proven = csr.read(request.request)
            generation = self._certifying(connection, request.kind, request.generation)
            if not self._is_renewal(connection, request.kind, proven, generation):
                self._mandates.check(connection, request.by, "certify")
        return self._of_service(request.kind, proven, generation)

    def issue(self, kind: ServiceKind, request_der: bytes, generation: int = 0) -> IssuedCertificate:
        """Issue a certificate for a part of the service without asking who wants it: for ceremonies.

        Raises:
            DomainError: as `certify`.
        """
        proven = csr.read(request_der)
        with self._parts.database.reading() as connection:
            certifying = self._certifying(connection, kind, generation)
        return self._of_service(kind, proven, certifying)

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
        generation = self._lists.issuing()
        profile = profiles.seal(self._settings, generation.number)
        return self._issued(applications.of_legal_person(profile, proven, vetted, by), generation)

    def _certifying(self, connection: Connection, kind: ServiceKind, number: int) -> Generation:
        if kind == _RESPONDER and number:
            return self._parts.generations.numbered(number)
        return self._parts.successions.issuing(connection)

    def _of_service(self, kind: ServiceKind, proven: ProvenRequest, generation: Generation) -> IssuedCertificate:
        profile = profiles.of_service(self._settings, kind, generation.number)
        return self._issued(applications.of_service(profile, proven, generation.issuer.name), generation)

    def _issued(self, application: Application, generation: Generation) -> IssuedCertificate:
        self._lists.check_certifies(generation)
        certificate = self._issuance.issue(application, generation)
        return IssuedCertificate(certificate.public_bytes(Encoding.DER), generation.certificate_der)

    def _is_renewal(
        self, connection: Connection, kind: ServiceKind, proven: ProvenRequest, generation: Generation
    ) -> bool:
        """Return whether the key answers for this generation already, so that it gets no power that it has not."""
        key = audit.digest(public_keys.encoded(proven.public_key))
        known = tables.certificates_of_key(connection, key)
        statuses = [self._parts.statuses.current(connection, serial) for serial, _profile in known]
        return (
            kind == _RESPONDER
            and bool(known)
            and all(profile == _RESPONDER for _serial, profile in known)
            and all(
                each is not None and each.status == "good" and each.issuer == generation.identifier for each in statuses
            )
        )
