"""The limit: how often the token signs, with nothing around it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.processes import rate
from core.algorithms import KeyType, SignatureAlgorithm
from hsm.mechanisms import RECIPES
from hsm.session import Token
from hsm.wrapping import TokenVault

MODULE = Path("/usr/lib/softhsm/libsofthsm2.so")
ALGORITHMS = {KeyType.EC_P256: SignatureAlgorithm.ECDSA_SHA256, KeyType.RSA_3072: SignatureAlgorithm.RSA_PSS_SHA256}


def raw_rate(directory: Path, key_type: KeyType, processes: int, seconds: float = 2.0) -> float:
    """Return C_Sign calls a second with a key of this type on an open session, over several processes."""
    return rate(_signer, [(str(directory), key_type.value)] * processes, seconds)


def _signer(directory: str, key_type: str) -> Callable[[], Any]:
    kind = KeyType(key_type)
    algorithm = ALGORITHMS[kind]
    token = Token(Path(directory), MODULE, "paraph-sam")
    vault = TokenVault(token, "wrap")
    lending = vault.unwrapped(vault.generate(kind))
    lent = lending.__enter__()  # held for the length of the process
    handle = lent._handle  # noqa: SLF001  # the bound is the bare call
    recipe = RECIPES[algorithm]
    block = recipe.prefix + bytes(32)
    named = {"mechanism": recipe.mechanism, "mechanism_param": recipe.parameter, "buffer_size": 512}
    return lambda: (lending, handle.sign(block, **named))
