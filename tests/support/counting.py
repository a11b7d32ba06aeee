"""The real token with a counter at the place where a signatory's key is used."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from core.algorithms import KeyType, SignatureAlgorithm
from core.types import Dtbsr
from hsm.ports import KeyVault, SigningKey, WrappedKey
from hsm.session import Token
from signer.sam.server import SamKeys
from tests.support.tokens import sam_keys


class CountedVault:
    """A vault that notes every digest a lent key signs. `meanwhile` runs after each, with the key still lent."""

    def __init__(self, vault: KeyVault) -> None:
        self._vault = vault
        self.uses: list[bytes] = []
        self.meanwhile: Callable[[], object] = list

    def generate(self, key_type: KeyType) -> WrappedKey:
        return self._vault.generate(key_type)

    @contextmanager
    def unwrapped(self, key: WrappedKey) -> Iterator[CountedKey]:
        with self._vault.unwrapped(key) as lent:
            yield CountedKey(lent, self)


class CountedKey:
    """A lent key."""

    def __init__(self, key: SigningKey, vault: CountedVault) -> None:
        self._key = key
        self._vault = vault

    def sign(self, dtbsr: Dtbsr, algorithm: SignatureAlgorithm) -> bytes:
        self._vault.uses.append(dtbsr.value)
        signature = self._key.sign(dtbsr, algorithm)
        self._vault.meanwhile()
        return signature


def counted_keys(token: Token) -> SamKeys:
    """Return the keys of a token `sam`, with a vault that counts."""
    keys = sam_keys(token)
    return replace(keys, vault=CountedVault(keys.vault))
