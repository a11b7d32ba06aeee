"""A signatory with a software key and a chain of three, for tests that judge whole files without a token."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from core.algorithms import HashAlgorithm, KeyType, SignatureAlgorithm

_HASHES = {
    HashAlgorithm.SHA256: hashes.SHA256(),
    HashAlgorithm.SHA384: hashes.SHA384(),
    HashAlgorithm.SHA512: hashes.SHA512(),
}
_CURVES = {KeyType.EC_P256: ec.SECP256R1(), KeyType.EC_P384: ec.SECP384R1()}


@dataclass(frozen=True)
class SoftwareSignatory:
    """A key in memory and its certificate under an issuing CA under a root."""

    key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
    certificate: x509.Certificate
    issuing: x509.Certificate
    root: x509.Certificate

    @property
    def chain(self) -> list[bytes]:
        """The signatory's certificate and the issuing CA's, DER."""
        return [c.public_bytes(Encoding.DER) for c in (self.certificate, self.issuing)]

    @property
    def root_pem(self) -> bytes:
        return self.root.public_bytes(Encoding.PEM)

    @property
    def key_der(self) -> bytes:
        return self.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())

    def sign(self, digest: bytes, algorithm: SignatureAlgorithm) -> bytes:
        """Sign a digest as a token would."""
        hashing = utils.Prehashed(_HASHES[algorithm.hash])
        if isinstance(self.key, ec.EllipticCurvePrivateKey):
            return self.key.sign(digest, ec.ECDSA(hashing))
        if algorithm is SignatureAlgorithm.RSA_PSS_SHA256:
            return self.key.sign(digest, padding.PSS(padding.MGF1(hashes.SHA256()), algorithm.hash.size), hashing)
        return self.key.sign(digest, padding.PKCS1v15(), hashing)


def software_signatory(key_type: KeyType = KeyType.EC_P256) -> SoftwareSignatory:
    """Return the signatory with a key of this type; made once for a test run."""
    return _made(key_type)


@functools.cache
def _made(key_type: KeyType) -> SoftwareSignatory:
    root_key, issuing_key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    key = (
        rsa.generate_private_key(65537, key_type.bits)
        if key_type.is_rsa
        else ec.generate_private_key(_CURVES[key_type])
    )
    root_name, issuing_name = _name("TEST Rădăcină"), _name("TEST Autoritate emitentă")
    root = _certificate(root_name, root_key.public_key(), root_name, root_key, ca=True)
    issuing = _certificate(issuing_name, issuing_key.public_key(), root_name, root_key, ca=True)
    person = _certificate(_name("Ioana Țăndărică"), key.public_key(), issuing_name, issuing_key, ca=False)
    return SoftwareSignatory(key, person, issuing, root)


def _name(common_name: str) -> x509.Name:
    return x509.Name(
        [x509.NameAttribute(NameOID.COUNTRY_NAME, "RO"), x509.NameAttribute(NameOID.COMMON_NAME, common_name)]
    )


def _certificate(subject, public_key, issuer, issuer_key, *, ca: bool) -> x509.Certificate:
    now = datetime.now(UTC)
    usage = x509.KeyUsage(
        digital_signature=False, content_commitment=not ca, key_encipherment=False, data_encipherment=False,
        key_agreement=False, key_cert_sign=ca, crl_sign=ca, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=90))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
        .sign(issuer_key, hashes.SHA256())
    )
