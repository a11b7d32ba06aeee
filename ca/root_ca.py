"""The root as an authority: it certifies the generations of the issuing CA, the first in the key ceremony.

What it certified is a file in its own folder, written durably before anybody else has it: a rotation that was cut short
finds the certificate there and does not make a second one.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from ca import audit, profiles, public_keys
from ca.acts import RotateIssuingKey
from ca.begun import Begun
from ca.draft import Draft, Issuer, new_serial, whole_seconds
from ca.lint import LintedTbs, lint
from ca.names import authority_name
from ca.parts import Parts
from ca.profiles import Profile
from ca.protocol import RotationRefused
from ca.publication import issuing_certificate, publish
from ca.signing import SignatureUnusable, check_signature, sign
from core.algorithms import KeyType
from core.config import Ca
from core.errors import Unavailable
from hsm.ports import SigningKey


class RootCa:
    """The root with its key; `folder` is its own."""

    def __init__(
        self, certificate: x509.Certificate, key: SigningKey, folder: Path, settings: Ca, parts: Parts
    ) -> None:
        self._issuer = Issuer.of(certificate)
        self._key = key
        self._folder = folder
        self._settings = settings
        self._parts = parts

    def certify(self, begun: Begun[RotateIssuingKey], public_key_der: bytes) -> x509.Certificate:
        """Return the certificate of the new generation that two people decided on: made now, or by an earlier attempt.

        Raises:
            ProposalClosed, ProposalExpired: the rotation is done, or its time is over; the root key was not used.
            RotationRefused: an earlier rotation left a certificate of another name or key.
            NotLinted, KeyRefused: the certificate would break a rule; the root key was not used.
            HsmUnavailable: the token does not answer.
            Unavailable: it could not be kept, and is not handed out.
        """
        begun.check_under_way()
        act, path = begun.act, self._folder / issuing_certificate(begun.act.generation)
        if path.exists():
            return self._left(path, act, public_key_der)
        draft = Draft(
            profile=profile_of(self._settings, act),
            issuer=self._issuer,
            serial=new_serial(self._parts.entropy),
            subject=authority_name(self._settings, act.name),
            public_key=public_keys.load(public_key_der),
            not_before=whole_seconds(self._parts.clock.now()),
        )
        linted = lint(draft)
        self._tell(begun, linted)
        certificate = sign(linted, self._key)
        try:
            publish(self._folder, path.name, certificate.public_bytes(Encoding.DER))
        except OSError as error:
            raise Unavailable(f"the new certificate could not be kept: {error}") from error
        return certificate

    def _tell(self, begun: Begun[RotateIssuingKey], linted: LintedTbs) -> None:
        """Put on record what the root is about to sign."""
        with self._parts.database.transaction() as connection:
            self._parts.audit.append(
                connection,
                audit.CERTIFIES,
                linted.draft.not_before,
                generation=begun.act.generation,
                tbs=audit.digest(linted.tbs_der),
                by=begun.by,
            )

    def _left(self, path: Path, act: RotateIssuingKey, public_key_der: bytes) -> x509.Certificate:
        try:
            certificate = x509.load_der_x509_certificate(path.read_bytes())
            check_signature(certificate, self._issuer.public_key)
        except (OSError, ValueError, SignatureUnusable) as error:
            raise RotationRefused(f"{path}: {error}") from error
        if certificate.subject != authority_name(self._settings, act.name):
            raise RotationRefused(f"{path} is of {certificate.subject.rfc4514_string()}; finish that rotation first")
        if public_keys.encoded(public_keys.narrowed(certificate.public_key())) != public_key_der:
            raise RotationRefused(f"{path} is of another key than the token's")
        return certificate


def profile_of(settings: Ca, act: RotateIssuingKey) -> Profile:
    """Return the profile of the generation that an act is about: that of every issuing CA, with the act's key and days."""
    key, validity = KeyType(act.key), timedelta(days=act.days)
    return replace(profiles.issuing(settings), keys=frozenset({key}), validity=validity)
