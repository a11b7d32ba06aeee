"""How an approval becomes a credential that signs: make the key, vouch for it, take the certificate (design §2.7).

Reached over the administration socket only. A credential is pending until its certificate is here and fits: the key it
made, the subject it vouched for, signed by a pinned issuing CA. Then the signatory is told, and only then it signs;
in the same transaction the approval is used up and the credential that it replaces ends with its key.
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
from hsm.ports import KeyVault, SigningKey, WrappedKey
from signer.sam.approvals import Approval
from signer.sam.errors import ApprovalNotOpen, CertificateMismatch, CredentialNotUsable
from signer.sam.issuers import Issuers
from signer.sam.notices import Notices
from signer.sam.parts import Parts
from signer.sam.possession import certification_request
from signer.sam.protocol import Activate, MadeKey, MakeKey
from signer.sam.records import CredentialRecord
from signer.sam.retiring import change_state, give_up

_SIGNATORY_KEYS = {key_type.value: key_type for key_type in (KeyType.EC_P256, KeyType.EC_P384, KeyType.RSA_3072)}


class Enrolment:
    """Makes keys on approvals, and activates credentials."""

    def __init__(
        self,
        parts: Parts,
        vault: KeyVault,
        attestation_key: SigningKey,
        issuers: Issuers,
        notices: Notices,
    ) -> None:
        self._parts = parts
        self._vault = vault
        self._attestation_key = attestation_key
        self._issuers = issuers
        self._notices = notices

    def make_key(self, asked: MakeKey) -> MadeKey:
        """Make a key and a pending credential on an approval, and vouch for them; what was begun before is given up.

        Raises:
            ApprovalUnknown, ApprovalNotOpen: there is no such approval, or not any more.
            ApprovalLapsed, ProofingTooOld: it is too old.
            CredentialNotUsable: the credential that it would replace was suspended or revoked.
            SmsNotSent: the signatory could not be told of it later.
            UnknownAlgorithm: no key type for signatories.
        """
        if asked.key_type not in _SIGNATORY_KEYS:
            raise UnknownAlgorithm(asked.key_type[:50])
        now = self._parts.clock.now()
        with self._parts.database.reading() as connection:
            self._usable(connection, asked.approval, now)  # no key, and no certificate, is made for nothing
        self._notices.check()
        key = self._vault.generate(_SIGNATORY_KEYS[asked.key_type])
        request = certification_request(self._vault, key)
        with self._parts.database.transaction() as connection:
            approval = self._usable(connection, asked.approval, now)
            record = self._pending(approval, key, now)
            give_up(self._parts, connection, approval, now)
            self._parts.records.add(connection, record)
            self._parts.evidence.append(
                connection,
                "key made",
                now,
                approval=approval.approval,
                credential=record.credential,
                public_key=HashAlgorithm.SHA256.new(record.public_key).digest(),
                request=HashAlgorithm.SHA256.new(request).digest(),
            )
        self._parts.database.forget_deleted()
        return MadeKey(record.credential, self._attest(record, approval), request)

    def _usable(self, connection: Connection, name: str, now: datetime) -> Approval:
        """Return an approval on which a credential may begin now."""
        approval = self._parts.approvals.find(connection, name)
        if approval.state != "open":
            raise ApprovalNotOpen(approval.state)
        self._parts.policy.approvals.check(approval.proofed_at, approval.approved_at, now)
        if approval.replaces:
            earlier = self._parts.records.find(connection, approval.replaces)
            if earlier.state not in {"active", "expired"}:
                raise CredentialNotUsable(earlier.state)
        return approval

    def _pending(self, approval: Approval, key: WrappedKey, now: datetime) -> CredentialRecord:
        return CredentialRecord(
            credential=new_id(self._parts.entropy, "c"),
            version=1,
            state="pending",
            approval=approval.approval,
            signatory=approval.signatory,
            given_name=approval.given_name,
            surname=approval.surname,
            subject_serial=approval.subject_serial,
            phone=approval.phone,
            email=approval.email,
            client=approval.client,
            account=approval.account,
            allow_carried=approval.allow_carried,
            key_type=key.key_type.value,
            public_key=key.public_key_der,
            wrapped_key=key.wrapped,
            wrapping_key_id=key.wrapping_key_id,
            certificate=None,
            ends_at=None,
            created_at=now,
        )

    def _attest(self, record: CredentialRecord, approval: Approval) -> KeyAttestation:
        unsigned = KeyAttestation(
            public_key_der=record.public_key,
            credential=record.credential,
            signatory=record.signatory,
            record_version=record.version,
            given_name=record.given_name,
            surname=record.surname,
            subject_serial=record.subject_serial,
            proofed_at=approval.proofed_at,
            approved_at=approval.approved_at,
            signature=b"",
        )
        digest = HashAlgorithm.SHA256.new(unsigned.to_be_signed()).digest()
        signature = self._attestation_key.sign(Dtbsr(HashAlgorithm.SHA256, digest), SignatureAlgorithm.ECDSA_SHA256)
        return msgspec.structs.replace(unsigned, signature=signature)

    def activate(self, asked: Activate) -> None:
        """Give a pending credential its certificate: the signatory is told, and from then on it signs.

        Raises:
            CredentialNotUsable: it is not pending, or what it would replace was suspended or revoked.
            ApprovalNotOpen, ApprovalLapsed, ProofingTooOld: not on this approval any more.
            CertificateMismatch: the certificate is not for this key and person, or not from our CA.
            SmsNotSent: the signatory could not be told.
        """
        now = self._parts.clock.now()
        certificate = self._issued(asked.certificate)
        ends_at = certificate.not_valid_after_utc
        with self._parts.database.reading() as connection:
            record, _ = self._fitting(connection, asked.credential, certificate, now)
        self._notices.announce(record, ends_at)  # outside the transaction: a gateway takes its time
        with self._parts.database.transaction() as connection:
            record, approval = self._fitting(connection, asked.credential, certificate, now)
            self._end_replaced(connection, approval, now)
            active = replace(record, state="active", certificate=asked.certificate, ends_at=ends_at)
            self._parts.records.replace(connection, replace(active, version=record.version + 1))
            self._parts.approvals.replace(connection, replace(approval, state="used", version=approval.version + 1))
            self._parts.evidence.append(
                connection, "activated", now, credential=record.credential, replaces=approval.replaces
            )
        self._parts.database.forget_deleted()

    def _issued(self, certificate_der: bytes) -> Certificate:
        self._issuers.check_signed(certificate_der)
        return load_der_x509_certificate(certificate_der)

    def _fitting(
        self, connection: Connection, credential: str, certificate: Certificate, now: datetime
    ) -> tuple[CredentialRecord, Approval]:
        """Return a pending credential to which a certificate belongs, and its approval."""
        record = self._parts.records.find(connection, credential)
        if record.state != "pending":
            raise CredentialNotUsable(record.state)
        public_key = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        if public_key != record.public_key:
            raise CertificateMismatch("key")
        if _subject(certificate) != (record.given_name, record.surname, record.subject_serial):
            raise CertificateMismatch("subject")
        return record, self._usable(connection, record.approval, now)

    def _end_replaced(self, connection: Connection, approval: Approval, now: datetime) -> None:
        if approval.replaces:
            earlier = self._parts.records.find(connection, approval.replaces)
            if earlier.state == "active":
                change_state(self._parts, connection, earlier, "superseded", now)


def _subject(certificate: Certificate) -> tuple[str, ...]:
    oids = (NameOID.GIVEN_NAME, NameOID.SURNAME, NameOID.SERIAL_NUMBER)
    return tuple(str(attribute.value) for oid in oids for attribute in certificate.subject.get_attributes_for_oid(oid))
