"""Marks only rise, outlive the process, and rise once what they mark is durable."""

from __future__ import annotations

import pytest
from sqlalchemy import Column, Integer, LargeBinary, MetaData, Table, Text, insert, select, update

from core.errors import RecordStale
from storage.engine import Database
from storage.fresh_seals import FreshSeals
from storage.marks import Marks, MarksUnavailable
from storage.seals import Seals
from tests.support.software_hsm import SoftwareMacKey

things = Table(
    "things",
    MetaData(),
    Column("thing", Text, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("seal", LargeBinary, nullable=False),
)


class Thing:
    def __init__(self, thing: str, version: int) -> None:
        self.thing = thing
        self.version = version


@pytest.fixture
def marks(tmp_path):
    made = Marks(tmp_path / "marks.sqlite")
    yield made
    made.close()


@pytest.fixture
def database(tmp_path):
    made = Database(tmp_path / "db.sqlite")
    made.create(things.metadata)
    yield made
    made.close()


def test_a_mark_only_rises_unless_a_copy_is_put_to_use(marks):
    assert marks.newest("a") == 0
    for version in (3, 2, 1):
        marks.raise_to("a", version)
    assert marks.newest("a") == 3
    assert marks.newest("b") == 0
    marks.set_back_to("a", 1)
    assert marks.newest("a") == 1
    assert marks.names("a") == ["a"]


def test_a_mark_is_there_for_other_processes_and_after_this_one(marks, tmp_path):
    other = Marks(tmp_path / "marks.sqlite")
    marks.raise_to("a", 1)
    assert other.newest("a") == 1
    other.close()
    marks.close()
    again = Marks(tmp_path / "marks.sqlite")
    assert again.newest("a") == 1
    again.close()


def test_a_store_that_cannot_be_used_is_not_taken_for_an_empty_one(marks, tmp_path):
    marks.close()
    for attempt in (lambda: marks.newest("a"), lambda: marks.names("a"), lambda: marks.raise_to("a", 1)):
        with pytest.raises(MarksUnavailable):
            attempt()
    (tmp_path / "no-store").write_bytes(b"something else, longer than the header of a database" * 100)
    for path in (tmp_path / "no-store", tmp_path / "no-folder" / "marks"):
        with pytest.raises(MarksUnavailable):
            Marks(path)


def test_a_transaction_that_is_undone_marks_nothing(marks, database):
    seals = FreshSeals(Seals(SoftwareMacKey("seal").mac), marks)

    def write(version: int) -> None:
        with database.transaction() as connection:
            connection.execute(insert(things), seals.sealed(connection, things, Thing("one", version)))
            assert marks.newest("things one") == 0
            if version == 2:
                raise RuntimeError("power")

    with pytest.raises(RuntimeError):
        write(2)
    assert marks.newest("things one") == 0
    write(1)
    assert marks.newest("things one") == 1


def test_an_older_row_is_refused_where_something_is_written(marks, database):
    seals = FreshSeals(Seals(SoftwareMacKey("seal").mac), marks)
    with database.transaction() as connection:
        older = seals.sealed(connection, things, Thing("one", 1))
        connection.execute(insert(things), older)
    with database.transaction() as connection:
        connection.execute(update(things), seals.sealed(connection, things, Thing("one", 2)))
        (row,) = connection.execute(select(things)).mappings()
        assert seals.opened(connection, things, dict(row)) == {"thing": "one", "version": 2}
        marks.raise_to("things one", 2)
        with pytest.raises(RecordStale, match="things, version 1"):
            seals.opened(connection, things, older)
    with database.reading() as connection:
        assert seals.opened(connection, things, older)["version"] == 1


def test_a_restored_table_is_the_newest_from_here_on_and_what_it_lacks_never_counts_again(marks, database):
    seals = FreshSeals(Seals(SoftwareMacKey("seal").mac), marks)
    with database.transaction() as connection:
        for name in ("kept", "older"):
            connection.execute(insert(things), seals.sealed(connection, things, Thing(name, 1)))
        lost = [seals.sealed(connection, things, Thing("older", 3)), seals.sealed(connection, things, Thing("lost", 1))]
    with database.transaction() as connection:
        assert seals.take_over(connection, things) == (["older"], ["lost"])
    with database.transaction() as connection:
        for row in connection.execute(select(things)).mappings().all():
            assert seals.opened(connection, things, row)["version"] == {"kept": 1, "older": 4}[row["thing"]]
        for row in lost:
            with pytest.raises(RecordStale):
                seals.opened(connection, things, row)
