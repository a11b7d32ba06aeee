"""Making a SoftHSM token in a store of its own. Other modules come with their own tool for this."""

from __future__ import annotations

import base64
import os
import subprocess
from pathlib import Path

from core.entropy import Entropy
from hsm.errors import HsmError
from hsm.session import Token

_TOOL = "softhsm2-util"


def create_token(directory: Path, template: Path, module: Path, label: str, entropy: Entropy) -> None:
    """Make a token in `directory`: softhsm2.conf (from the template), tokens/, pin and so-pin, for their owner only.

    Raises:
        HsmError: there is one already, or SoftHSM refuses.
    """
    if (directory / "pin").exists():
        raise HsmError(f"{directory} has a token already")
    (directory / "tokens").mkdir(parents=True, mode=0o700)
    store = directory / "softhsm2.conf"
    tokens = str((directory / "tokens").resolve())
    _write(store, template.read_text(encoding="utf-8").replace("@TOKENS@", tokens))
    first_pin, pin, so_pin = _new_pin(entropy), _new_pin(entropy), _new_pin(entropy)
    _initialise(store, label, so_pin=first_pin, pin=first_pin)
    _write(directory / "pin", first_pin)
    # The first PINs stood on a command line, where other users can see them for a moment: both are replaced now.
    token = Token(directory, module, label)
    token.use(lambda session: session.set_pin(first_pin, pin))
    _write(directory / "pin", pin)
    token.use_as_officer(first_pin, lambda session: session.set_pin(first_pin, so_pin))
    _write(directory / "so-pin", so_pin)


def _new_pin(entropy: Entropy) -> str:
    return base64.b32encode(entropy.token_bytes(20)).decode()


def _write(path: Path, text: str) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)


def _initialise(store: Path, label: str, *, so_pin: str, pin: str) -> None:
    arguments = [_TOOL, "--init-token", "--free", "--label", label, "--so-pin", so_pin, "--pin", pin]
    environment = {**os.environ, "SOFTHSM2_CONF": str(store)}
    try:
        subprocess.run(arguments, env=environment, check=True, capture_output=True)  # noqa: S603  # our own arguments
    except (OSError, subprocess.CalledProcessError) as error:
        raise HsmError(f"{_TOOL} failed: {getattr(error, 'stderr', b'') or error}") from error
