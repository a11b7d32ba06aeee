"""What of an installation belongs into a backup, and into which of its two parts.

| part | what | alone it gives |
|---|---|---|
| `records` | databases, published and pinned files, PINs, certificates | wrapped keys, and PINs of tokens that are not there |
| `keys` | token stores, secrets of `web`, `portal` and `preflight` | tokens whose PINs are not there |

The parts are sealed under two passphrases that two people keep, so that nobody alone can take a key out of a backup
(attack I8). A token of a hardware module is no file and is in neither: its keys are backed up by its maker's means.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path, PurePath

Part = Literal["records", "keys"]
PARTS: Final[tuple[Part, ...]] = ("records", "keys")

DATABASE: Final = "db.sqlite"
TOKEN_STORE: Final = "tokens"  # noqa: S105  # a folder's name
_OF_ONE_RUN: Final = frozenset({"run", "logs", "outbox"})
_MARKS: Final = (
    "marks"  # they tell old rows from new ones, also after a restore: a copy of them would be as old as the rest
)
_LOCKS: Final = frozenset({"login.lock"})
_COUNTERS: Final = "limits.sqlite"  # of requests, within minutes; and what lies beside it
_SECRETS: Final = frozenset({"admins"})  # of a development installation: passwords and TOTP secrets
_BESIDE_A_DATABASE: Final = (f"{DATABASE}-wal", f"{DATABASE}-shm", f"{DATABASE}-journal")


def part_of(path: PurePath) -> Part | None:
    """Return the part that a file belongs to, by its path in the state folder; None for what a backup leaves out."""
    top = path.parts[0]
    if top in _OF_ONE_RUN or top == _MARKS or path.name in _LOCKS or path.name in _BESIDE_A_DATABASE:
        return None
    if path.name.startswith(_COUNTERS):
        return None
    if any(name.startswith(".") for name in path.parts):
        return None
    if top in _SECRETS or path.suffix == ".key" or TOKEN_STORE in path.parts[1:2]:
        return "keys"
    return "records"


def files(state: Path) -> Iterator[PurePath]:
    """Give the files of a state folder that belong into a backup, relative to it.

    The order makes the copies agree while the zones run: what is published before the record that must know it, the
    copy of the record before the record, the SAM's database before the authority's.
    """
    found = (path.relative_to(state) for path in state.rglob("*") if path.is_file() and not path.is_symlink())
    yield from sorted((path for path in found if part_of(path)), key=_order)


def _order(path: PurePath) -> tuple[int, int, str]:
    zones = ("status", "web", "portal", "sam", "ca")
    zone = zones.index(path.parts[0]) if path.parts[0] in zones else -1
    return (1, zone, str(path)) if path.name == DATABASE else (0, 0, str(path))
