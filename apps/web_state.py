"""The state of the `web` zone: its database and its secret, for the zone itself and for the command that adds clients."""

from __future__ import annotations

from api import tables
from api.keys import WebKeys
from api.limits import counters
from core.config import BadSettings, Settings
from core.secret import Secret
from storage.engine import Database


def open_database(settings: Settings) -> Database:
    """Return the zone's database, with its tables."""
    database = Database(settings.zone_dir("web") / "db.sqlite")
    database.create(tables.metadata)
    return database


def open_counters(settings: Settings) -> Database:
    """Return the database in which the zone's processes count requests together: of no use in a backup."""
    folder = settings.state_dir / "run" / "web"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    database = Database(folder / "limits.sqlite", durable=False)
    database.create(counters.metadata)
    return database


def open_keys(settings: Settings) -> WebKeys:
    """Return what is derived from the zone's secret.

    Raises:
        BadSettings: `paraph init` was not run: the file is missing.
    """
    path = settings.zone_dir("web") / "secret.key"
    try:
        return WebKeys(Secret(path.read_bytes()))
    except (OSError, ValueError) as error:
        raise BadSettings(f"{path}: {error}") from error
