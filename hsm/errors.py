"""What may go wrong with a token, each under its own name; CKR codes stay inside `hsm`."""

from __future__ import annotations

from core.errors import DomainError, Unavailable


class HsmError(DomainError):
    """The token, or a key on it, is not as it must be."""


class HsmUnavailable(HsmError, Unavailable):
    """The token does not answer, is not there, or lost its session; the next call tries anew."""


class PinWrong(HsmUnavailable):
    """The token does not accept the PIN."""


class KeyNotFound(HsmError):
    """No key with this label, or more than one."""


class KeyAttributesWrong(HsmError):
    """A key whose attributes, read back, are not those it must have."""


class AlgorithmMismatch(HsmError):
    """An algorithm that does not belong to the key, or a digest that does not belong to the algorithm."""


class WrongWrappingKey(HsmError):
    """A key that was wrapped under another wrapping key than the one on this token."""


class UnwrapRefused(HsmError):
    """The token does not accept the wrapped key, or it is not a key of the type said."""
