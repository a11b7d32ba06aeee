"""What a transcript says of keys, certificates and files: names and digests, by which they can be compared, no secret."""

from __future__ import annotations

import hashlib
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes

Fact = tuple[str, str]


def key(label: str, token: str, public_key_der: bytes) -> Fact:
    """Return what is said of a key pair: its SubjectPublicKeyInfo's SHA-256."""
    return (
        "Key",
        f"{label} on the token {token}, SHA-256 of its public key {hashlib.sha256(public_key_der).hexdigest()}",
    )


def certificate(found: x509.Certificate) -> list[Fact]:
    """Return what is said of a certificate."""
    begins, ends = found.not_valid_before_utc, found.not_valid_after_utc
    return [
        ("Certificate", found.subject.rfc4514_string()),
        ("Serial", f"{found.serial_number:040x}"),
        ("SHA-256", found.fingerprint(hashes.SHA256()).hex()),
        ("Valid", f"{begins:%Y-%m-%d %H:%M:%S} to {ends:%Y-%m-%d %H:%M:%S} UTC"),
    ]


def certificate_in(path: Path) -> list[Fact]:
    """Return what is said of a certificate in a PEM file."""
    return certificate(x509.load_pem_x509_certificate(path.read_bytes()))


def file(path: Path) -> Fact:
    """Return what is said of a public file."""
    return ("File", f"{path.name}, SHA-256 {hashlib.sha256(path.read_bytes()).hexdigest()}")
