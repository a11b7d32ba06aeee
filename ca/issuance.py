"""Issuing a certificate.

The order is the promise: application, draft, lint, intent on record, signature, certificate on record, answer. A crash
between the last two leaves a certificate that the record shows as unfinished, under the credential's name, and that can
be revoked like any other.
"""

from __future__ import annotations

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy import Connection

from ca import audit, public_keys, tables
from ca.applications import Application
from ca.draft import Draft, new_serial, whole_seconds
from ca.generations import Generation
from ca.lint import LintedTbs, lint
from ca.parts import Parts
from ca.protocol import AlreadyRevoked
from ca.signing import sign


class Issuance:
    """Issues certificates."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def issue(self, application: Application, generation: Generation) -> x509.Certificate:
        """Return a new certificate of a generation of the authority, on record.

        Raises:
            NotLinted: name, number or key are not such as the profile allows.
            KeyAlreadyCertified: there is a certificate for this key.
            ClockInDoubt: the clock is behind the last certificate.
            AlreadyRevoked: somebody revoked it while it was being signed; it was not handed out.
            Unavailable: token or database do not work; nothing was handed out.
        """
        linted = lint(_draft(application, generation, self._parts))
        self._intend(linted, application)
        certificate = sign(linted, generation.key)
        self._record(linted, certificate.public_bytes(Encoding.DER), generation)
        return certificate

    def _intend(self, linted: LintedTbs, application: Application) -> None:
        intent = _intent(linted, application)
        with self._parts.database.transaction() as connection:
            tables.intend(connection, intent)
            self._parts.audit.append(
                connection,
                audit.ABOUT_TO_SIGN,
                self._parts.clock.now(),
                serial=tables.serial_text(intent.serial),
                profile=intent.profile,
                credential=intent.credential,
                key=intent.key_digest,
                tbs=audit.digest(intent.tbs),
            )

    def _record(self, linted: LintedTbs, certificate_der: bytes, generation: Generation) -> None:
        draft, now = linted.draft, self._parts.clock.now()
        serial = tables.serial_text(draft.serial)
        with self._parts.database.transaction() as connection:
            self._check_not_revoked(connection, serial)
            tables.record(connection, draft.serial, certificate_der)
            self._parts.audit.append(
                connection, audit.ISSUED, now, serial=serial, certificate=audit.digest(certificate_der)
            )
            change = self._parts.statuses.add(
                connection,
                serial,
                "good",
                "",
                draft.not_before,
                issuer=generation.identifier,
                not_after=draft.not_after,
            )
            self._parts.audit.append(
                connection, audit.STATUS, now, serial=serial, change=change.change, status="good", reason="", by="ca"
            )

    def _check_not_revoked(self, connection: Connection, serial: str) -> None:
        """A revocation that came before the certificate was handed out is not undone by handing it out (REV-6.3.9-04)."""
        if self._parts.statuses.current(connection, serial) is not None:
            raise AlreadyRevoked(f"{serial}: before it was handed out")


def _draft(application: Application, generation: Generation, parts: Parts) -> Draft:
    return Draft(
        profile=application.profile,
        issuer=generation.issuer,
        serial=new_serial(parts.entropy),
        subject=application.subject,
        public_key=application.public_key,
        not_before=whole_seconds(parts.clock.now()),
    )


def _intent(linted: LintedTbs, application: Application) -> tables.Intent:
    draft = linted.draft
    return tables.Intent(
        serial=draft.serial,
        key_digest=audit.digest(public_keys.encoded(draft.public_key)),
        not_before=draft.not_before,
        credential=application.credential,
        profile=draft.profile.name,
        grounds=application.grounds,
        tbs=linted.tbs_der,
    )
