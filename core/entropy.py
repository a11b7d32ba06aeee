"""Where randomness comes from, as an argument: always the kernel, never a generator of our own (attack O4)."""

from __future__ import annotations

import base64
import os
from typing import Protocol


class Entropy(Protocol):
    """A source of unpredictable bytes."""

    def token_bytes(self, count: int) -> bytes:
        """Return `count` unpredictable bytes."""
        ...


class SystemEntropy:
    """The kernel's generator."""

    def token_bytes(self, count: int) -> bytes:
        """Return `count` unpredictable bytes."""
        return os.urandom(count)


def new_id(entropy: Entropy, prefix: str) -> str:
    """Return `prefix-` and 128 random bits in lower-case base32: a name nobody can guess."""
    return f"{prefix}-{base64.b32encode(entropy.token_bytes(16)).decode().rstrip('=').lower()}"


def new_token(entropy: Entropy) -> str:
    """Return 256 random bits as 43 characters of unpadded base64url."""
    return base64.urlsafe_b64encode(entropy.token_bytes(32)).decode().rstrip("=")
