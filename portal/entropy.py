"""Where the portal's randomness comes from, as an argument: the kernel."""

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
        return os.urandom(count)  # noqa: TID251 - the portal's one home of randomness; it knows no core


def new_id(entropy: Entropy, prefix: str) -> str:
    """Return `prefix-` and 128 random bits in lower-case base32."""
    return f"{prefix}-{base64.b32encode(entropy.token_bytes(16)).decode().rstrip('=').lower()}"


def new_token(entropy: Entropy) -> str:
    """Return 256 random bits as 43 characters of unpadded base64url."""
    return base64.urlsafe_b64encode(entropy.token_bytes(32)).decode().rstrip("=")
