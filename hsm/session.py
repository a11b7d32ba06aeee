"""A token and its session: opened when first used, in the process that uses it; lost and found again.

Each login rewrites a file of a SoftHSM token, so initialisation, opening and login happen under a lock file in the
token's directory, and a failed opening is tried again for half a second. When an operation fails for want of the
token, its session is dropped with everything in it; the next use opens a new one.
"""

from __future__ import annotations

import fcntl
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from pkcs11 import NoSuchToken, PinIncorrect, PinInvalid, PinLenRange, PinLocked, PKCS11Error

from hsm.attributes import MAPPER
from hsm.errors import HsmError, HsmUnavailable, PinWrong, TokenMissing
from hsm.library import library

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_PAUSES = (0.05, 0.1, 0.15, 0.2)  # seconds before another attempt to open
_LOCK_SECONDS = 10.0
_PIN_ERRORS = (PinIncorrect, PinInvalid, PinLenRange, PinLocked)


class Token:
    """One token of a PKCS#11 module, in `directory` with its `pin` and, for SoftHSM, its `softhsm2.conf`."""

    def __init__(self, directory: Path, module: Path, label: str) -> None:
        self.label = label
        self._directory = directory
        self._library = library(module)
        self._session: Any = None
        self._generation = -1

    def session(self) -> Any:
        """Return the session, logged in as the user, read-only; open it if there is none.

        Raises:
            HsmMisused: called after a fork or from a second thread.
            PinWrong, TokenMissing, ModuleMissing, HsmUnavailable: it cannot be opened.
        """
        held = self._library
        held.guard()
        if self._session is None or self._generation != held.generation:
            self._session = self._opened()
            self._generation = held.generation
        return self._session

    def generation(self) -> int:
        """Return the number of the session in use, opening one if need be: handles of another number are void."""
        self.session()
        return self._generation

    def holds(self, generation: int) -> bool:
        """Return whether handles of this session number still stand."""
        return self._session is not None and generation == self._library.generation

    def check(self) -> None:
        """Prove that the token answers.

        Raises:
            HsmError: as `session()`.
        """
        session = self.session()
        try:
            session.token.slot.get_token()
        except PKCS11Error as error:
            raise self.lost(error) from error

    def lost(self, error: PKCS11Error) -> HsmUnavailable:
        """Drop the session and all its objects after a failure; return the error to raise."""
        self._session = None
        self._library.reset()
        return HsmUnavailable(f"{self.label}: {describe(error)}")

    def close(self) -> None:
        """End the session; the next use opens another, from whichever thread or child it comes.

        Raises:
            HsmMisused: called from the wrong process or thread.
        """
        self._library.guard()
        self._session = None
        self._library.leave(self)

    @contextmanager
    def writing(self) -> Iterator[Any]:
        """Lend a session that may make permanent objects, for the length of a block.

        Raises:
            HsmError: as `session()`, or an operation in the block failed.
        """
        token = self.session().token
        try:
            session = token.open(rw=True, attribute_mapper=MAPPER)
            try:
                yield session
            finally:
                session.close()
        except PKCS11Error as error:
            raise self.lost(error) from error

    @contextmanager
    def ceremony(self) -> Iterator[tuple[Any, str, str]]:
        """Lend the token with nobody logged in, its officer's PIN and its user's, alone under the lock.

        Raises:
            PinWrong: a PIN is missing or not accepted.
            HsmError: as `session()`, or an operation in the block failed.
        """
        self._session = None
        self._library.guard()
        self._library.reset()
        try:
            with self._locked():
                yield self._found(), self._pin("so-pin"), self._pin("pin")
        except _PIN_ERRORS as error:
            raise PinWrong(f"{self.label}: {describe(error)}") from error
        except PKCS11Error as error:
            raise HsmError(f"{self.label}: {describe(error)}") from error
        finally:
            self._library.reset()

    def _opened(self) -> Any:
        for pause in (*_PAUSES, None):
            try:
                with self._locked():
                    return self._found().open(user_pin=self._pin("pin"), attribute_mapper=MAPPER)
            except _PIN_ERRORS as error:
                self._library.reset()
                raise PinWrong(f"{self.label}: {describe(error)}") from error
            except PKCS11Error as error:
                self._library.reset()
                if pause is None:
                    raise _not_opened(self.label, error) from error
                time.sleep(pause)
        raise AssertionError  # the last turn of the loop returned or raised

    def _found(self) -> Any:
        conf = self._directory / "softhsm2.conf"
        try:
            binding = self._library.initialised(conf if conf.is_file() else None, self)
        except OSError as error:
            raise HsmUnavailable(f"{self.label}: {conf}: {error.strerror}") from error
        return binding.get_token(token_label=self.label)

    def _pin(self, name: str) -> str:
        try:
            return (self._directory / name).read_text(encoding="ascii").strip()
        except OSError as error:
            raise PinWrong(f"{self.label}: no file {name}: {error.strerror}") from error

    @contextmanager
    def _locked(self) -> Iterator[None]:
        try:
            file = (self._directory / "login.lock").open("a")
        except OSError as error:
            raise TokenMissing(f"{self.label}: {self._directory}: {error.strerror}") from error
        with file:
            _lock(file.fileno())
            yield


def _lock(descriptor: int) -> None:
    deadline = time.monotonic() + _LOCK_SECONDS
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise HsmUnavailable("another process holds the login lock") from None
            time.sleep(0.01)
        else:
            return


def _not_opened(label: str, error: PKCS11Error) -> HsmUnavailable:
    if isinstance(error, NoSuchToken):
        return TokenMissing(label)
    return HsmUnavailable(f"{label}: {describe(error)}")


def describe(error: PKCS11Error) -> str:
    """Return the CKR code's name, for logs."""
    return f"{type(error).__name__} {error}".strip()
