"""Issuing a signatory's certificate.

The order is the promise: attestation, draft, lint, intent on record, signature, certificate on record, answer. A crash
between the last two leaves a certificate that the record shows under the credential's name.
"""

from __future__ import annotations

import hashlib
from typing import Final

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from ca import public_keys, tables
from ca.attestation import AttestedKey
from ca.draft import Draft, Issuer, new_serial, whole_seconds
from ca.lint import LintedTbs, lint
from ca.names import signatory_name
from ca.profiles import Profile
from ca.protocol import NotLinted
from ca.signing import sign
from core.clock import Clock
from core.entropy import Entropy
from core.errors import Malformed
from hsm.ports import SigningKey
from storage.engine import Database

_encoder: Final = msgspec.msgpack.Encoder()


class Issuance:
    """Issues certificates of one profile under one authority."""

    def __init__(
        self,
        profile: Profile,
        issuer: Issuer,
        key: SigningKey,
        database: Database,
        clock: Clock,
        entropy: Entropy,
    ) -> None:
        self._profile = profile
        self._issuer = issuer
        self._key = key
        self._database = database
        self._clock = clock
        self._entropy = entropy

    def issue(self, attested: AttestedKey) -> x509.Certificate:
        """Return a new certificate, on record.

        Raises:
            NotLinted: name, number or key are not such as the profile allows.
            KeyAlreadyCertified: there is a certificate for this key.
            ClockInDoubt: the clock is behind the last certificate.
            Unavailable: token or database do not work; nothing was handed out.
        """
        linted = lint(self._draft(attested))
        with self._database.transaction() as connection:
            tables.intend(connection, _intent(linted, attested))
        certificate = sign(linted, self._key)
        with self._database.transaction() as connection:
            tables.record(connection, linted.draft.serial, certificate.public_bytes(Encoding.DER))
        return certificate

    def _draft(self, attested: AttestedKey) -> Draft:
        try:
            subject = signatory_name(attested.person)
            public_key = public_keys.load(attested.public_key_der)
        except Malformed as error:
            raise NotLinted(f"{type(error).__name__}: {error.detail}") from error
        return Draft(
            profile=self._profile,
            issuer=self._issuer,
            serial=new_serial(self._entropy),
            subject=subject,
            public_key=public_key,
            not_before=whole_seconds(self._clock.now()),
        )


def _intent(linted: LintedTbs, attested: AttestedKey) -> tables.Intent:
    draft = linted.draft
    return tables.Intent(
        serial=draft.serial,
        key_digest=hashlib.sha256(public_keys.encoded(draft.public_key)).digest(),
        not_before=draft.not_before,
        credential=attested.credential,
        profile=draft.profile.name,
        attestation=_encoder.encode(attested.attestation),
        tbs=linted.tbs_der,
    )
