"""What signatories have used up: read, and forgotten, past the SAM."""

from __future__ import annotations

from sqlalchemy import select

from otp.allowances import Allowances
from otp.tables import allowances
from otp.throttle import Allowance
from storage.engine import Database
from storage.fresh_seals import FreshSeals


def used(database: Database) -> list[Allowance]:
    """Return what each signatory has used up."""
    with database.reading() as connection:
        return [Allowance.from_bytes(each) for each in connection.scalars(select(allowances.c.used))]


def forget(database: Database, seals: FreshSeals) -> None:
    """Have nobody have used up anything: five codes a day are the limit, and some need more of the same people."""
    records = Allowances(seals)
    with database.transaction() as connection:
        for signatory in connection.scalars(select(allowances.c.signatory)).all():
            records.store(connection, records.of(connection, signatory), Allowance())
