"""Real SoftHSM tokens for tests, with the keys that `paraph init` makes."""

from __future__ import annotations

from pathlib import Path

from core.algorithms import KeyType
from core.entropy import SystemEntropy
from hsm.keys import TokenMacKey, TokenSigningKey, generate_key_pair, generate_mac_key
from hsm.session import Token
from hsm.softhsm import create_token
from hsm.wrapping import TokenVault, generate_wrapping_key
from signer.sam.server import SamKeys

MODULE = Path("/usr/lib/softhsm/libsofthsm2.so")
TEMPLATE = Path("softhsm.conf")
MAC_LABELS = ("seal", "otp", "sad", "fingerprint", "evidence")


def make_token(directory: Path, label: str) -> Token:
    """Return a new, empty token in a store of its own."""
    create_token(directory, TEMPLATE, MODULE, label, SystemEntropy())
    return Token(directory, MODULE, label)


def sam_token(directory: Path) -> Token:
    """Return a token `sam` with all its keys."""
    token = make_token(directory, "paraph-sam")
    generate_wrapping_key(token, "wrap")
    for label in MAC_LABELS:
        generate_mac_key(token, label)
    generate_key_pair(token, "attest", KeyType.EC_P256)
    return token


def sam_keys(token: Token) -> SamKeys:
    """Return the keys of a token `sam` as the SAM takes them."""
    return SamKeys(
        vault=TokenVault(token, "wrap"),
        attestation=TokenSigningKey(token, "attest"),
        **{label: TokenMacKey(token, label) for label in MAC_LABELS},
    )


def signing_token(directory: Path, label: str, key_label: str, key_type: KeyType) -> TokenSigningKey:
    """Return a permanent signing key on a new token."""
    token = make_token(directory, label)
    generate_key_pair(token, key_label, key_type)
    return TokenSigningKey(token, key_label)
