"""What may go wrong with a token, each under its own name; CKR codes stay inside `hsm`."""

from __future__ import annotations

from core.errors import DomainError, Unavailable


class HsmError(DomainError):
    """The token, or a key on it, is not as it must be."""


class HsmUnavailable(HsmError, Unavailable):
    """The token does not answer, is not there, or lost its session; the next call tries anew."""


class PinWrong(HsmUnavailable):
    """The token does not accept the PIN."""


class ModuleMissing(HsmUnavailable):
    """The PKCS#11 module cannot be loaded."""


class TokenMissing(HsmUnavailable):
    """No token with this label in the store, or no store."""


class HsmMisused(HsmError):
    """The module was used after a fork or from a second thread, which it does not survive."""


class TokenNotMade(HsmError):
    """A token could not be initialised."""


class KeyNotFound(HsmError):
    """No key with this label."""


class KeyNotUnique(KeyNotFound):
    """More than one object with this label or identifier: one of them is planted, and none is used (attack I9)."""


class LabelTaken(HsmError):
    """A key is to be made under a label that the token already has."""


class KeyAttributesWrong(HsmError):
    """A key whose attributes, read back, are not those it must have."""


class AlgorithmMismatch(HsmError):
    """An algorithm that does not belong to the key, or a digest that does not belong to the algorithm."""


class WrongWrappingKey(HsmError):
    """A key that was wrapped under another wrapping key than the one on this token."""


class UnwrapRefused(HsmError):
    """The token does not accept the wrapped key, or it is not a key of the type said."""
