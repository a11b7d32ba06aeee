"""A token and the session this process has with it.

- One session a process, opened at first use, so after a fork: neither session nor library state survives one.
- One thread uses it: the module is initialised without locking, and two threads crash it (measured: 20 of 20 runs).
- Opening is done under a file lock and tried again for a while: each login rewrites a file of the token.
- When the token is lost the session is given up, the caller gets HsmUnavailable, and the next use opens anew.
"""

from __future__ import annotations

import fcntl
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final, TypeVar

import pkcs11
from pkcs11 import exceptions as ck

from hsm.errors import HsmError, HsmUnavailable, PinWrong
from hsm.mechanisms import Attributed

T = TypeVar("T")

_TRIES: Final = 5
_PAUSE: Final = 0.1  # seconds between two tries to open
_OPENING_RACE: Final = (
    ck.NoSuchToken,
    ck.GeneralError,
    ck.TokenNotRecognised,
    ck.TokenNotPresent,
    ck.UserAlreadyLoggedIn,  # by a session of ours that was given up
)
_PIN_PROBLEMS: Final = (ck.PinIncorrect, ck.PinInvalid, ck.PinLenRange, ck.PinLocked, ck.PinExpired)


class _Module:
    """A loaded PKCS#11 module. SoftHSM reads which store to use when it is initialised, so that belongs here."""

    def __init__(self, path: Path) -> None:
        self.process = os.getpid()
        self.thread = threading.get_ident()
        self.generation = 0
        self._path = path
        self._library: Any = None
        self._store: Path | None = None

    def library(self, store: Path | None) -> Any:
        """Return the initialised library, looking at `store` (a SoftHSM configuration file) where that applies."""
        if self._library is None:
            _choose(store)
            self._library = _load(self._path)
        elif store != self._store:
            _choose(store)
            self._again()
        self._store = store
        return self._library

    def forget(self) -> None:
        """Initialise the library anew at the next use: all its sessions end."""
        if self._library is not None:
            self._again()

    def _again(self) -> None:
        self.generation += 1
        try:
            self._library.reinitialize()
        except ck.PKCS11Error as error:
            self._library = None
            raise HsmUnavailable(f"{self._path}: {type(error).__name__}") from error


_modules: dict[Path, _Module] = {}


def _module(path: Path) -> _Module:
    module = _modules.setdefault(path, _Module(path))
    if module.process != os.getpid():
        raise HsmError("the module was loaded before the fork; open tokens in the process that uses them")
    if module.thread != threading.get_ident():
        raise HsmError("another thread of this process uses the module; scale by processes")
    return module


def _choose(store: Path | None) -> None:
    if store is not None:
        os.environ["SOFTHSM2_CONF"] = str(store)


def _load(path: Path) -> Any:
    if not path.is_absolute() or not path.exists():
        raise HsmUnavailable(f"no PKCS#11 module at {path}")
    try:
        return pkcs11.lib(str(path))
    except ck.PKCS11Error as error:
        raise HsmUnavailable(f"{path}: {type(error).__name__} {error}") from error


class Token:
    """A token, known by its label. Its folder has the file `pin` and, for SoftHSM, `softhsm2.conf`."""

    def __init__(self, directory: Path, module: Path, label: str) -> None:
        self.label = label
        self._directory = directory
        self._module_path = module
        self._session: Any = None
        self._generation = -1
        self.cache: dict[object, Any] = {}  # what was found in this session; ends with it

    def use(self, operation: Callable[[Any], T]) -> T:
        """Run `operation` on the open session.

        Raises:
            HsmUnavailable: the token does not answer, or did not in the middle of the operation.
            HsmError: as the operation raises it.
        """
        module = _module(self._module_path)
        if self._session is None or self._generation != module.generation:
            self._open(module)
        try:
            return operation(self._session)
        except ck.PKCS11Error as error:
            self._lose(module)
            raise HsmUnavailable(f"{self.label}: {type(error).__name__}") from error

    def use_as_officer(self, pin: str, operation: Callable[[Any], T]) -> T:
        """Run `operation` on a session of the security officer; all other sessions of this process end.

        Raises:
            HsmUnavailable: the token does not answer, or the PIN is wrong.
        """
        module = _module(self._module_path)
        module.forget()
        try:
            token = module.library(self._store()).get_token(token_label=self.label)
            with token.open(rw=True, so_pin=pin) as session:
                return operation(session)
        except ck.PKCS11Error as error:
            raise HsmUnavailable(f"{self.label}: {type(error).__name__}") from error
        finally:
            module.forget()

    def check(self) -> None:
        """Prove that the token is there and the PIN is right.

        Raises:
            HsmUnavailable: it is not.
        """
        self.use(lambda session: session.generate_random(64))

    def close(self) -> None:
        """End the session."""
        if self._session is not None:
            with suppress(ck.PKCS11Error):
                self._session.close()
        self._session = None
        self.cache.clear()

    def _open(self, module: _Module) -> None:
        self.close()
        with _login_lock(self._directory):
            for attempt in range(_TRIES):
                try:
                    self._session = self._login(module)
                except _OPENING_RACE as error:
                    if attempt == _TRIES - 1:
                        raise HsmUnavailable(f"{self.label}: {type(error).__name__}") from error
                    time.sleep(_PAUSE)
                    module.forget()
                except _PIN_PROBLEMS as error:
                    raise PinWrong(f"{self.label}: {type(error).__name__}") from error
                except ck.PKCS11Error as error:
                    raise HsmUnavailable(f"{self.label}: {type(error).__name__}") from error
                else:
                    self._generation = module.generation
                    return

    def _login(self, module: _Module) -> Any:
        token = module.library(self._store()).get_token(token_label=self.label)
        return token.open(rw=True, user_pin=self._pin(), attribute_mapper=Attributed())

    def _lose(self, module: _Module) -> None:
        self.close()
        module.forget()

    def _store(self) -> Path | None:
        store = self._directory / "softhsm2.conf"
        return store if store.exists() else None

    def _pin(self) -> str:
        try:
            return (self._directory / "pin").read_text(encoding="ascii").strip()
        except OSError as error:
            raise HsmUnavailable(f"{self.label}: the PIN file cannot be read") from error


@contextmanager
def _login_lock(directory: Path) -> Iterator[None]:
    try:
        file = (directory / "login.lock").open("a")
    except OSError as error:
        raise HsmUnavailable(f"{directory} cannot be used: {error.strerror}") from error
    with file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
