"""Making a SoftHSM token: its store, its configuration, its PINs.

PKCS#11 initialises a token too, but the binding does not offer it, so SoftHSM's own command does, which takes PINs on
its command line where other users of the machine could read them. The token is therefore born with throw-away PINs
and gets its real ones over PKCS#11 before it holds anything.
"""

from __future__ import annotations

import base64
import os
import shutil
import subprocess
from typing import TYPE_CHECKING

from hsm.errors import TokenNotMade
from hsm.session import Token

if TYPE_CHECKING:
    from pathlib import Path

    from core.entropy import Entropy

_SECONDS = 30


def create_token(
    directory: Path, template: Path, module: Path, label: str, entropy: Entropy, *, store: Path | None = None
) -> None:
    """Make a token with a store of its own: `softhsm2.conf`, `tokens/`, `pin` and `so-pin` in `directory`.

    `store` is where the objects are kept instead of `tokens/`: tokens that one process uses side by side can share it.

    Raises:
        TokenNotMade: the directory holds a token already, or SoftHSM refused.
        HsmError: the new token cannot be used.
    """
    if (directory / "pin").exists():
        raise TokenNotMade(f"{directory} holds a token already")
    tokens = store or directory / "tokens"
    for folder in (directory, tokens):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_configuration(directory / "softhsm2.conf", template, tokens.resolve())
    born_with = _pin(entropy), _pin(entropy)
    _initialise(directory / "softhsm2.conf", module, label, *born_with)
    _change_pins(directory, Token(directory, module, label), born_with, (_pin(entropy), _pin(entropy)))


def write_configuration(path: Path, template: Path, tokens: Path) -> None:
    """Write a store's configuration: `tokens` is where it lies."""
    _write(path, template.read_text(encoding="utf-8").replace("@TOKENS@", str(tokens)))


def _pin(entropy: Entropy) -> str:
    return base64.b32encode(entropy.token_bytes(20)).decode().lower()


def _write(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)


def _initialise(conf: Path, module: Path, label: str, pin: str, officer_pin: str) -> None:
    command = shutil.which("softhsm2-util")
    if command is None:
        raise TokenNotMade("softhsm2-util is not installed")
    arguments = ["--init-token", "--free", "--module", str(module), "--label", label, "--pin", pin]
    done = subprocess.run(  # noqa: S603  # a fixed program with arguments of our own
        [command, *arguments, "--so-pin", officer_pin],
        env={"SOFTHSM2_CONF": str(conf), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        umask=0o077,
        check=False,
    )
    if done.returncode != 0:
        raise TokenNotMade(f"softhsm2-util: {done.stderr.strip() or done.stdout.strip()}")


def _change_pins(directory: Path, token: Token, old: tuple[str, str], new: tuple[str, str]) -> None:
    """Give the token its real PINs, each written to its file before the token learns it."""
    _write(directory / "pin", new[0])
    _write(directory / "so-pin", new[1])
    with token.ceremony() as (place, _officer_pin, _user_pin):
        for login, before, after in (("user_pin", old[0], new[0]), ("so_pin", old[1], new[1])):
            session = place.open(rw=True, **{login: before})
            session.set_pin(before, after)
            session.close()
    token.check()
    token.close()
