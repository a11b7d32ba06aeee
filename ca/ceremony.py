"""The key ceremony: root and issuing CA from the keys of two tokens, and the root's revocation list.

Used by `paraph init` and by nothing else. Nothing is written here but by `publish_all`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from ca import crl, profiles, public_keys, publication
from ca.draft import ONE_SECOND, Draft, Issuer, new_serial, whole_seconds
from ca.lint import lint
from ca.names import authority_name
from ca.signing import sign
from core.addresses import FIRST
from core.algorithms import HashAlgorithm
from core.clock import Clock
from core.config import Ca
from core.entropy import Entropy
from hsm.ports import SigningKey


@dataclass(frozen=True, slots=True)
class CeremonyResult:
    """What a ceremony leaves, all DER."""

    root: bytes
    issuing: bytes
    root_crl: bytes

    @property
    def root_pem(self) -> bytes:
        """The root certificate in PEM."""
        return _pem(self.root)

    @property
    def issuing_pem(self) -> bytes:
        """The issuing CA's certificate in PEM."""
        return _pem(self.issuing)


def perform(
    root_key: SigningKey, issuing_key: SigningKey, settings: Ca, clock: Clock, entropy: Entropy
) -> CeremonyResult:
    """Make the root, have it certify the issuing CA, and issue the root's revocation list.

    Raises:
        NotLinted: the settings make a certificate that breaks a rule; no key was used.
        KeyRefused: a key of a kind that no CA may have.
        HsmUnavailable: a token does not answer.
    """
    now = whole_seconds(clock.now())
    root = sign(lint(_root(root_key, settings, now, entropy)), root_key)
    authority = Issuer.of(root)
    issuing = sign(lint(_issuing(issuing_key, authority, settings, now, entropy)), root_key)
    arl = crl.build(
        authority, root_key, number=1, this_update=now, next_update=now + crl.ROOT_LIFE, rsa_hash=HashAlgorithm.SHA512
    )
    return CeremonyResult(*(made.public_bytes(Encoding.DER) for made in (root, issuing, arl)))


def publish_all(result: CeremonyResult, directory: Path) -> None:
    """Publish the two certificates and the root's list. The issuing CA publishes its own list when it starts.

    Raises:
        OSError: a file could not be written.
    """
    publication.publish(directory, publication.ROOT_CERTIFICATE, result.root)
    publication.publish(directory, publication.ROOT_CERTIFICATE_PEM, result.root_pem)
    publication.publish(directory, publication.issuing_certificate(FIRST), result.issuing)
    publication.publish(directory, publication.issuing_certificate_pem(FIRST), result.issuing_pem)
    publication.publish(directory, publication.ROOT_CRL, result.root_crl)


def _root(key: SigningKey, settings: Ca, now: datetime, entropy: Entropy) -> Draft:
    profile, name = profiles.root(settings), authority_name(settings, settings.root_name)
    public_key = public_keys.load(key.public_key_der)
    itself = Issuer(name, public_key, now, now + profile.validity - ONE_SECOND)
    return Draft(
        profile=profile,
        issuer=itself,
        serial=new_serial(entropy),
        subject=name,
        public_key=public_key,
        not_before=now,
    )


def _issuing(key: SigningKey, root: Issuer, settings: Ca, now: datetime, entropy: Entropy) -> Draft:
    return Draft(
        profile=profiles.issuing(settings),
        issuer=root,
        serial=new_serial(entropy),
        subject=authority_name(settings, settings.issuing_name),
        public_key=public_keys.load(key.public_key_der),
        not_before=now,
    )


def _pem(certificate_der: bytes) -> bytes:
    return x509.load_der_x509_certificate(certificate_der).public_bytes(Encoding.PEM)
