"""Which installation a command works on: a settings file, and what the command line lays over it."""

from __future__ import annotations

import argparse
import os
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from core.config import BadSettings, Settings, load

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ROOT: Final = Path(__file__).resolve().parent.parent
DEFAULT_CONFIG: Final = ROOT / "config" / "paraph.toml"
TOKEN_TEMPLATE: Final = ROOT / "softhsm.conf"

ZONES: Final = ("sam", "ca", "preflight", "status", "web", "portal")  # in the order of starting
OPTIONAL: Final = ("reports", "metrics")  # each when it has an address to listen at
DEVELOPMENT: Final = ("phone",)
CARETAKER: Final = "caretaker"  # no zone: it listens nowhere
_LONGEST_SOCKET: Final = 107  # bytes of a path in sockaddr_un


@dataclass(frozen=True, slots=True)
class Installation:
    """A settings file, the state folder, and single settings given as `section.key=value`."""

    config: Path
    state_dir: Path | None = None
    settings_laid_over: tuple[str, ...] = ()

    def settings(self) -> Settings:
        """Return the settings.

        Raises:
            BadSettings: the file, or what is laid over it, cannot be used.
        """
        overrides: dict[str, dict[str, Any]] = {}
        for given in self.settings_laid_over:
            section, key, value = _parse(given)
            overrides.setdefault(section, {})[key] = value
        if self.state_dir is not None:
            overrides.setdefault("", {})["state_dir"] = str(self.state_dir.absolute())
        settings = load(self.config, overrides)
        _check_paths(settings)
        return settings

    def arguments(self) -> list[str]:
        """Return the command-line options that name this installation to another process, wherever that runs."""
        settings = self.settings()
        options = ["--config", str(self.config.absolute()), "--state-dir", str(settings.state_dir.absolute())]
        for given in self.settings_laid_over:
            options += ["--set", given]
        return options


def from_arguments(arguments: Sequence[str]) -> Installation:
    """Return the installation that options of a command line name: the same that `Installation.arguments` writes."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--config", type=Path, default=from_environment())
    parser.add_argument("--state-dir", type=Path)
    parser.add_argument("--set", action="append", default=[], metavar="section.key=value")
    found = parser.parse_args(arguments)
    return Installation(found.config, found.state_dir, tuple(found.set))


def from_environment(environment: Mapping[str, str] = os.environ) -> Path:
    """Return the settings file that PARAPH_CONFIG names, or the embedded default."""
    return Path(environment.get("PARAPH_CONFIG") or DEFAULT_CONFIG)


def _parse(given: str) -> tuple[str, str, object]:
    """Split `section.key=value`; the value is read as TOML where it is TOML, otherwise it is the text itself."""
    name, equals, text = given.partition("=")
    section, dot, key = name.strip().rpartition(".")
    if not equals or not key or (dot and not section):
        raise BadSettings(f"--set {given}: write section.key=value")
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        value = text
    return section, key, value


def _check_paths(settings: Settings) -> None:
    longest = str(settings.socket("sam-admin").absolute())
    if len(os.fsencode(longest)) > _LONGEST_SOCKET:
        raise BadSettings(f"state_dir: {longest} is too long for a unix socket; choose a folder with a shorter path")
