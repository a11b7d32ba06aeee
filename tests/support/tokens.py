"""Real SoftHSM tokens for tests, with the keys that `paraph init` makes.

A test may use several tokens in one process, in stores of their own or (`zone_tokens`) in one: SoftHSM serves one
store at a time and the library is initialised anew for another (about 15 ms), so tests that go back and forth share.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from core.algorithms import KeyType
from core.entropy import SystemEntropy
from hsm.keys import TokenMacKey, TokenSigningKey, generate_key_pair, generate_mac_key
from hsm.session import Token
from hsm.softhsm import create_token
from hsm.wrapping import TokenVault, generate_wrapping_key
from signer.sam.server import SamKeys

MODULE = Path("/usr/lib/softhsm/libsofthsm2.so")
TEMPLATE = Path(__file__).parents[2] / "softhsm.conf"
MAC_LABELS = ("seal", "otp", "sad", "fingerprint", "evidence")


def make_token(directory: Path, label: str, *, store: Path | None = None, template: Path = TEMPLATE) -> Token:
    """Return a new, empty token, in a store of its own unless told which."""
    create_token(directory, template, MODULE, label, SystemEntropy(), store=store)
    return Token(directory, MODULE, label)


def sam_token(directory: Path, *, store: Path | None = None, template: Path = TEMPLATE) -> Token:
    """Return a token `sam` with all its keys."""
    token = make_token(directory, "paraph-sam", store=store, template=template)
    generate_wrapping_key(token, "wrap")
    for label in MAC_LABELS:
        generate_mac_key(token, label)
    generate_key_pair(token, "attest", KeyType.EC_P256)
    generate_key_pair(token, "checkpoint", KeyType.EC_P256)
    return token


def sam_keys(token: Token) -> SamKeys:
    """Return the keys of a token `sam` as the SAM takes them."""
    return SamKeys(
        vault=TokenVault(token, "wrap"),
        attestation=TokenSigningKey(token, "attest"),
        checkpoint=TokenSigningKey(token, "checkpoint"),
        **{label: TokenMacKey(token, label) for label in MAC_LABELS},
    )


def signing_token(
    directory: Path, label: str, key_label: str, key_type: KeyType, *, store: Path | None = None
) -> TokenSigningKey:
    """Return a permanent signing key on a new token."""
    token = make_token(directory, label, store=store)
    generate_key_pair(token, key_label, key_type)
    return TokenSigningKey(token, key_label)


@dataclass(frozen=True)
class ZoneTokens:
    """The tokens of a whole service in one store: P-384 for the authorities, because RSA-4096 takes seconds to make."""

    sam: SamKeys
    root: TokenSigningKey
    issuing: TokenSigningKey


def zone_tokens(directory: Path) -> ZoneTokens:
    """Return tokens `sam`, `root` and `ca` that one process uses side by side. `directory` should be short."""
    store = directory / "tokens"
    return ZoneTokens(
        sam=sam_keys(sam_token(directory / "sam", store=store)),
        root=signing_token(directory / "root", "paraph-root", "root", KeyType.EC_P384, store=store),
        issuing=signing_token(directory / "ca", "paraph-ca", "issuing", KeyType.EC_P384, store=store),
    )
