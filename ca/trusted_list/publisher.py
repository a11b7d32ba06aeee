"""Issuing and publishing the trusted list.

Rules, as for revocation lists: the number comes from the database under its lock and only rises; a published list that
the record does not know means that the record is an old copy, and nothing is issued; the file is replaced as a whole,
from the newest record; what was issued is in the audit log.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Final

from cryptography import x509
from lxml import etree
from sqlalchemy import Connection

from ca import audit, publication, tables
from ca.crl import RecordBehindPublication
from ca.delegated import DelegatedKey, DelegationOver, DelegationUnusable
from ca.draft import whole_seconds
from ca.mandates import Mandates
from ca.parts import Parts
from ca.profiles import TSL_SIGNING
from ca.protocol import PublishTrustedList, TrustedListPublished
from ca.revocation_lists import RevocationLists
from ca.trusted_list import content, uris
from ca.trusted_list.content import Service, TrustedList
from ca.trusted_list.document import Element, build, canonical, serialised
from ca.trusted_list.record import Issue, document, last_issue, record_issue
from ca.trusted_list.services import Services
from ca.trusted_list.signature import sign
from core.config import Ca
from core.errors import ClockInDoubt, Unavailable
from hsm.ports import SigningKey

ISSUED: Final = "trusted list issued"  # number, list


class PublishedListBroken(Unavailable):
    """What is published as the trusted list cannot be read as one."""


class ListPublisher:
    """Issues and publishes the trusted list of one authority."""

    def __init__(
        self,
        key: SigningKey,
        certificate: Path,
        parts: Parts,
        lists: RevocationLists,
        settings: Ca,
        directory: Path,
        mandates: Mandates,
    ) -> None:
        """`certificate` is the list signer's file, PEM; it is read at each issue."""
        self._key = key
        self._certificate = certificate
        self._parts = parts
        self._settings = settings
        self._directory = directory
        self._mandates = mandates
        self._services = Services(parts, lists, settings)

    def publish_asked(self, request: PublishTrustedList) -> TrustedListPublished:
        """Issue a new list and publish it, because somebody asks for it.

        Raises:
            NotSignedIn: nobody's session.
            DomainError: as `publish`.
        """
        with self._parts.database.reading() as connection:
            self._mandates.check(connection, request.by, "publish")
        return self.publish()

    def publish(self) -> TrustedListPublished:
        """Issue a new list and publish it.

        Raises:
            DelegationUnusable, DelegationOver: the list signer's certificate is missing, of another key, revoked or over.
            ClockInDoubt: the clock is behind the last list.
            RecordBehindPublication, PublishedListBroken, RecordTampered: the record cannot be trusted.
            Unavailable: token, database or disk do not work; the old list stays.
        """
        with self._parts.database.transaction() as connection:
            services = self._services.listed(connection)
            self._issue(connection, services)
        return self._publish_newest(len(services))

    def publish_if_due(self) -> None:
        """Issue and publish a list when the last one is half over, says otherwise than the record, or is not served.

        The first list is issued by command. Cheap when there is nothing to do.

        Raises:
            DomainError: as `publish`.
        """
        with self._parts.database.reading() as connection:
            due = self._is_due(connection)
        if due:
            self.publish()

    def _is_due(self, connection: Connection) -> bool:
        last, published = last_issue(connection), self._published()
        if last is None:
            return False
        now = whole_seconds(self._parts.clock.now())
        if published is None or published[1] != last.digest or now - last.issued_at >= content.LIFE / 2:
            return True
        current = build(self._content(last.number, last.issued_at, self._services.listed(connection)))
        return provider_part(current) != provider_part(parsed(document(connection, last.number)))

    def _content(self, number: int, issued_at: datetime, services: tuple[Service, ...]) -> TrustedList:
        return TrustedList(
            number=number,
            issued_at=issued_at,
            next_update=issued_at + content.LIFE,
            scheme=content.scheme(self._settings),
            provider=content.provider(self._settings),
            services=services,
        )

    def _issue(self, connection: Connection, services: tuple[Service, ...]) -> None:
        last = self._check_not_behind(connection)
        now = whole_seconds(self._parts.clock.now())
        if last is not None and now < last.issued_at:
            raise ClockInDoubt(f"{now} is before the last list")
        key = self._signing_key(connection)
        key.check_valid(now)
        made = self._content(last.number + 1 if last else 1, now, services)
        root = build(made)
        sign(root, key, now)
        data = serialised(root)
        issue = Issue(made.number, now, made.next_update, audit.digest(data))
        record_issue(connection, issue, data)
        self._parts.audit.append(connection, ISSUED, now, number=issue.number, list=issue.digest)

    def _publish_newest(self, services: int) -> TrustedListPublished:
        with self._parts.database.transaction() as connection:  # its lock: two processes never write the file at once
            newest = self._check_not_behind(connection)
            if newest is None:
                raise RecordBehindPublication("no trusted list on record")
            try:
                publication.publish(self._directory, publication.TRUSTED_LIST, document(connection, newest.number))
            except OSError as error:
                raise Unavailable(f"the trusted list could not be written: {error}") from error
        return TrustedListPublished(newest.number, newest.issued_at, newest.next_update, services)

    def _signing_key(self, connection: Connection) -> DelegatedKey:
        try:
            certificate = x509.load_pem_x509_certificate(self._certificate.read_bytes())
        except (OSError, ValueError) as error:
            raise DelegationUnusable(f"{self._certificate.name}: {error}") from error
        status = self._parts.statuses.current(connection, tables.serial_text(certificate.serial_number))
        if status is None or status.status != "good":
            raise DelegationOver("the list signer's certificate is not on record, or revoked or suspended")
        issuer = self._parts.generations.of_issuer(certificate.issuer.public_bytes())
        return DelegatedKey(self._key, certificate, issuer.certificate, TSL_SIGNING)

    def _check_not_behind(self, connection: Connection) -> Issue | None:
        last, published = last_issue(connection), self._published()
        if published is None or (last is not None and published[1] == last.digest):
            return last
        if last is None or published[0] >= last.number:  # the same number with other content: two histories
            raise RecordBehindPublication(f"trusted list {published[0]} is published, not the last on record")
        return last

    def _published(self) -> tuple[int, bytes] | None:
        """Return number and digest of the published list; None when there is none."""
        try:
            data = (self._directory / publication.TRUSTED_LIST).read_bytes()
        except FileNotFoundError:
            return None
        return number_of(data), audit.digest(data)


def number_of(data: bytes) -> int:
    """Return the sequence number of a list.

    Raises:
        PublishedListBroken: it is none.
    """
    try:
        return int(parsed(data).findtext(f".//{{{uris.LIST_NAMESPACE}}}TSLSequenceNumber", ""))
    except ValueError as error:
        raise PublishedListBroken("no sequence number") from error


def parsed(data: bytes) -> Element:
    """Return the root element of a list that was published.

    Raises:
        PublishedListBroken: it is no XML.
    """
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        return etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        raise PublishedListBroken(str(error)) from error


def provider_part(root: Element) -> bytes:
    """Return what a list says of the provider and its services, in canonical form."""
    return canonical(root.find(f"{{{uris.LIST_NAMESPACE}}}TrustServiceProviderList"))
