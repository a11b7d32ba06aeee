"""The SAM's half of enrolment: make the key, vouch for it, take the certificate, change the state (design §2.7).

Reached over the administration socket only. A credential is pending until its certificate is here and fits: the key it
made, the subject it vouched for, signed by a pinned issuing CA.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import msgspec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import Certificate, load_der_x509_certificate
from cryptography.x509.oid import NameOID
from sqlalchemy import Connection

from core.algorithms import HashAlgorithm, KeyType, SignatureAlgorithm
from core.entropy import new_id
from core.errors import UnknownAlgorithm
from core.statements import KeyAttestation
from core.types import Dtbsr
from hsm.ports import KeyVault, SigningKey
from signer.sam.endings import end
from signer.sam.errors import AlreadyEnrolled, CertificateMismatch, CredentialNotUsable
from signer.sam.issuers import Issuers
from signer.sam.parts import Parts
from signer.sam.protocol import Activate, Enrol, Enrolled, RegisterPortal, SetState
from signer.sam.records import CredentialRecord

_CHANGES = {
    "pending": ("revoked",),  # its certificate did not come: given up, so that the person can be enrolled again
    "active": ("active", "suspended", "revoked"),
    "suspended": ("active", "suspended", "revoked"),
    "revoked": ("revoked",),  # asked again after a crash between the SAM and the CA: nothing is left to do
}
_SIGNATORY_KEYS = {KeyType.EC_P256.value: KeyType.EC_P256, KeyType.RSA_3072.value: KeyType.RSA_3072}


class Enrolment:
    """Registers portals, enrols signatories, activates and suspends credentials."""

    def __init__(self, parts: Parts, vault: KeyVault, attestation_key: SigningKey, issuers: Issuers) -> None:
        self._parts = parts
        self._vault = vault
        self._attestation_key = attestation_key
        self._issuers = issuers

    def register_portal(self, asked: RegisterPortal) -> None:
        """Register a portal, or replace its record.

        Raises:
            Malformed: the request key or the SMS name cannot be used.
        """
        now = self._parts.clock.now()
        with self._parts.database.transaction() as connection:
            portal = self._parts.portals.register(connection, asked)
            self._parts.evidence.append(
                connection, "portal registered", now, client=portal.client, version=portal.version
            )

    def enrol(self, asked: Enrol) -> Enrolled:
        """Make a key and a pending credential, and vouch for them.

        Raises:
            PortalUnknown: the portal is not registered.
            AlreadyEnrolled: the person, the phone or the account has a live credential.
            UnknownAlgorithm: no key type for signatories.
        """
        record = self._pending(asked)
        with self._parts.database.transaction() as connection:
            self._parts.portals.find(connection, asked.client)
            if (duplicate := self._parts.records.live_duplicate(connection, record)) is not None:
                raise AlreadyEnrolled(duplicate)
            self._parts.records.add(connection, record)
            self._parts.evidence.append(
                connection,
                "enrolled",
                record.created_at,
                credential=record.credential,
                client=record.client,
                public_key=HashAlgorithm.SHA256.new(record.public_key).digest(),
            )
        return Enrolled(record.credential, self._attest(record))

    def _pending(self, asked: Enrol) -> CredentialRecord:
        if asked.key_type not in _SIGNATORY_KEYS:
            raise UnknownAlgorithm(asked.key_type[:50])
        key = self._vault.generate(_SIGNATORY_KEYS[asked.key_type])
        return CredentialRecord(
            credential=new_id(self._parts.entropy, "c"),
            version=1,
            state="pending",
            signatory=new_id(self._parts.entropy, "s"),
            given_name=asked.given_name,
            surname=asked.surname,
            subject_serial=asked.subject_serial,
            phone=asked.phone,
            email=asked.email,
            client=asked.client,
            account=asked.account,
            allow_carried=int(asked.allow_carried),
            key_type=asked.key_type,
            public_key=key.public_key_der,
            wrapped_key=key.wrapped,
            wrapping_key_id=key.wrapping_key_id,
            certificate=None,
            created_at=self._parts.clock.now(),
        )

    def _attest(self, record: CredentialRecord) -> KeyAttestation:
        unsigned = KeyAttestation(
            public_key_der=record.public_key,
            credential=record.credential,
            signatory=record.signatory,
            record_version=record.version,
            given_name=record.given_name,
            surname=record.surname,
            subject_serial=record.subject_serial,
            signature=b"",
        )
        digest = HashAlgorithm.SHA256.new(unsigned.to_be_signed()).digest()
        signature = self._attestation_key.sign(Dtbsr(HashAlgorithm.SHA256, digest), SignatureAlgorithm.ECDSA_SHA256)
        return msgspec.structs.replace(unsigned, signature=signature)

    def activate(self, asked: Activate) -> None:
        """Give a pending credential its certificate.

        Raises:
            CredentialNotUsable: it is not pending.
            CertificateMismatch: the certificate is not for this key and person, or not from our CA.
        """
        now = self._parts.clock.now()
        with self._parts.database.transaction() as connection:
            record = self._parts.records.find(connection, asked.credential)
            if record.state != "pending":
                raise CredentialNotUsable(record.state)
            self._check_certificate(asked.certificate, record)
            active = replace(record, state="active", certificate=asked.certificate, version=record.version + 1)
            self._parts.records.replace(connection, active)
            self._parts.evidence.append(connection, "activated", now, credential=record.credential)

    def _check_certificate(self, certificate_der: bytes, record: CredentialRecord) -> None:
        self._issuers.check_signed(certificate_der)
        certificate = load_der_x509_certificate(certificate_der)
        public_key = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        if public_key != record.public_key:
            raise CertificateMismatch("key")
        expected = (record.given_name, record.surname, record.subject_serial)
        if _subject(certificate) != expected:
            raise CertificateMismatch("subject")

    def set_state(self, asked: SetState) -> None:
        """Suspend a credential, end its suspension, or revoke it for good; what it has open ends at once.

        Revoking destroys the key: its wrapped form leaves the record, whose seal then covers that there is none
        (TS 119 431-1 DEL-6.3.2-01). Asking for that again changes nothing.

        Raises:
            CredentialNotUsable: a revoked credential does not change, and a pending one can only be given up.
        """
        now = self._parts.clock.now()
        with self._parts.database.transaction() as connection:
            record = self._parts.records.find(connection, asked.credential)
            if asked.state not in _CHANGES.get(record.state, ()):
                raise CredentialNotUsable(record.state)
            changed = replace(record, state=asked.state, version=record.version + 1)
            if asked.state == "revoked":
                changed = replace(changed, wrapped_key=b"", wrapping_key_id="")
            if replace(changed, version=record.version) != record:
                self._store(connection, record, changed, now)
        if asked.state == "revoked":
            self._parts.database.forget_deleted()

    def _store(
        self, connection: Connection, record: CredentialRecord, changed: CredentialRecord, now: datetime
    ) -> None:
        self._parts.records.replace(connection, changed)
        if changed.state != "active":
            for transaction in self._parts.transactions.live_of(connection, record.credential):
                end(self._parts, connection, transaction, "cancelled", now)
        self._parts.evidence.append(connection, "state changed", now, credential=record.credential, state=changed.state)
        if record.wrapped_key and not changed.wrapped_key:
            wrapped = HashAlgorithm.SHA256.new(record.wrapped_key).digest()
            self._parts.evidence.append(
                connection, "key destroyed", now, credential=record.credential, wrapped_key=wrapped
            )


def _subject(certificate: Certificate) -> tuple[str, ...]:
    oids = (NameOID.GIVEN_NAME, NameOID.SURNAME, NameOID.SERIAL_NUMBER)
    return tuple(str(attribute.value) for oid in oids for attribute in certificate.subject.get_attributes_for_oid(oid))
