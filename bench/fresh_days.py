"""Fresh days for the citizens of a bench: five codes a day are the limit, and a bench needs more of the same people."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from apps.sam import TOKEN_LABEL
from core.config import Settings
from hsm.keys import TokenMacKey
from hsm.session import Token
from storage.engine import Database
from storage.fresh_seals import FreshSeals
from storage.marks import Marks
from storage.seals import Seals
from tests.support.allowances import forget


@contextmanager
def sam_database(settings: Settings) -> Iterator[tuple[Database, FreshSeals]]:
    """Lend the database of an installation's SAM, and its seals, made with its token's key."""
    folder = settings.zone_dir("sam")
    with (
        closing(Token(folder, Path(settings.sam.module), TOKEN_LABEL)) as token,
        closing(Marks(settings.marks("sam"))) as marks,
        closing(Database(folder / "db.sqlite")) as database,
    ):
        yield database, FreshSeals(Seals(TokenMacKey(token, "seal").mac), marks)


def fresh_day(settings: Settings) -> None:
    """Have nobody at an installation have used up anything."""
    with sam_database(settings) as (database, seals):
        forget(database, seals)
