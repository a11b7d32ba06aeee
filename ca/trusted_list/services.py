"""The services of the list: the generations of the issuing CA, and from the issuance record responders and units.

A service is a key: a responder's certificate lasts a month and is renewed for the same key, and the service goes on. A
revoked certificate ends its service; what it was before stays in the history.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from cryptography import x509
from sqlalchemy import Connection, select

from ca import tables
from ca.parts import Parts
from ca.protocol import CertificateSummary
from ca.public_keys import encoded, narrowed
from ca.revocation_lists import RevocationLists
from ca.summaries import Summaries
from ca.trusted_list import content, uris
from ca.trusted_list.content import Service, Status
from core.config import Ca

_LISTED: Final = {"ocsp": uris.QUALIFIED_OCSP, "tsu": uris.QUALIFIED_TIME_STAMPS}  # profile → kind of service

_Certified = tuple[x509.Certificate, CertificateSummary]


class Services:
    """Reads the services of one authority."""

    def __init__(self, parts: Parts, lists: RevocationLists, settings: Ca) -> None:
        self._parts = parts
        self._lists = lists
        self._summaries = Summaries(parts)
        self._settings = settings

    def listed(self, connection: Connection) -> tuple[Service, ...]:
        """Return every service that the record knows, the issuing CAs first, then in the order they began.

        Raises:
            RecordTampered: a row is not as this authority wrote it.
            PublishedCrlBroken: the root's list cannot be read.
        """
        issuing = [
            content.issuing_service(self._settings, each, self._lists.ended_at(connection, each))
            for each in self._parts.generations
        ]
        keys: dict[tuple[str, bytes], list[_Certified]] = {}
        for kind, certificate, summary in self._certified(connection):
            keys.setdefault((kind, _key(certificate)), []).append((certificate, summary))
        return (*issuing, *(self._service(kind, found) for (kind, _key_der), found in keys.items()))

    def _certified(self, connection: Connection) -> Iterator[tuple[str, x509.Certificate, CertificateSummary]]:
        columns = tables.certificates.c
        wanted = select(columns.serial).where(columns.profile.in_(_LISTED), columns.certificate.is_not(None))
        for serial in connection.scalars(wanted.order_by(columns.row)).all():
            recorded = tables.certificate(connection, tables.serial_of(serial))
            certificate = self._summaries.checked(recorded)
            yield _LISTED[recorded.profile], certificate, self._summaries.of(connection, recorded)

    def _service(self, kind: str, found: list[_Certified]) -> Service:
        """Return the service of one key, from its certificates in the order they were issued."""
        granted = Status(uris.GRANTED, found[0][0].not_valid_before_utc)
        newest, summary = found[-1]
        ended = Status(uris.WITHDRAWN, summary.since) if summary.status == "revoked" and summary.since else None
        return Service(
            kind=kind,
            certificate=newest,
            status=ended or granted,
            history=(granted,) if ended else (),
            supply_points=content.supply_points(self._settings, kind),
        )


def _key(certificate: x509.Certificate) -> bytes:
    return encoded(narrowed(certificate.public_key()))
