"""The PKCS#11 module of this process: loaded late, one store at a time, one thread, never across a fork.

SoftHSM and its binding crash when two threads call them and misbehave after a fork (both measured), so a second
thread or a forked child is refused by name. SoftHSM reads which store it serves only when it is initialised: where a
process works with the tokens of two stores (the set-up command does), the module is initialised anew for the other,
and each token opens its session again when it is next used.
"""

from __future__ import annotations

import os
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

import pkcs11
from pkcs11 import PKCS11Error

from hsm.errors import HsmMisused, ModuleMissing

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_LIBRARIES: dict[str, Library] = {}


def library(module: Path) -> Library:
    """Return this process's holder of a PKCS#11 module; nothing is loaded yet."""
    return _LIBRARIES.setdefault(str(module), Library(module))


class Library:
    """A PKCS#11 module and who may call it."""

    def __init__(self, module: Path) -> None:
        self._module = module
        self._binding: Any = None
        self._store: str | None = None
        self._owner: tuple[int, int] | None = None
        self._users: WeakSet[object] = WeakSet()
        self.generation = 0  # sessions and handles of an earlier generation are void

    def guard(self) -> None:
        """Refuse another thread than the one that loaded the module, and a process forked from it.

        Raises:
            HsmMisused: it is one of these.
        """
        if self._owner is None:
            return
        if self._owner[0] != os.getpid():
            raise HsmMisused("the PKCS#11 module was loaded before the fork; open tokens in the process that uses them")
        if self._owner[1] != threading.get_ident():
            raise HsmMisused("the PKCS#11 module is used by another thread; one thread of a process may hold tokens")

    def initialised(self, store: Path | None, user: object) -> Any:
        """Return the binding, initialised for a store (a softhsm2.conf, or None for a module that needs none).

        Raises:
            HsmMisused: called from the wrong process or thread.
            ModuleMissing: the module cannot be loaded.
            PKCS11Error: it cannot be initialised.
        """
        self.guard()
        wanted = store.read_text(encoding="utf-8") if store else None
        self._users.add(user)
        if self._binding is None or not self._binding.initialized or wanted != self._store:
            self.reset()
            self._owner = (os.getpid(), threading.get_ident())
            self._store = wanted
            self._initialise(store)
        return self._binding

    def _initialise(self, store: Path | None) -> None:
        with _softhsm_conf(store):
            if self._binding is None:
                self._binding = self._load()
            if not self._binding.initialized:
                self._binding.initialize()

    def _load(self) -> Any:
        if not self._module.is_file():
            raise ModuleMissing(str(self._module))
        try:
            return pkcs11.lib(str(self._module))
        except PKCS11Error as error:
            if "while loading" in str(error):  # the binding has no class for it
                raise ModuleMissing(str(error)) from error
            raise

    def reset(self) -> None:
        """End all sessions of all tokens; the next use initialises anew."""
        self.generation += 1
        if self._binding is not None and self._binding.initialized:
            with suppress(PKCS11Error):  # it is given up either way
                self._binding.finalize()

    def leave(self, user: object) -> None:
        """Let the module go when its last user leaves, so that another thread or a child may load it."""
        self._users.discard(user)
        if not self._users and self._owner is not None:
            self.reset()
            self._owner = None


@contextmanager
def _softhsm_conf(store: Path | None) -> Iterator[None]:
    """Tell SoftHSM its store, for the moment in which it looks; an inherited value never counts (attack I11)."""
    name = "SOFTHSM2_CONF"
    if store is None:
        yield
        return
    before = os.environ.get(name)
    os.environ[name] = str(store)
    try:
        yield
    finally:
        os.environ.pop(name)
        if before is not None:
            os.environ[name] = before
