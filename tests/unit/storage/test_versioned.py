"""Versioned records: each change raises the version, and a process takes no older row than one it has known."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, replace

import pytest
from sqlalchemy import Column, Integer, LargeBinary, MetaData, Table, Text

from core.errors import RecordTampered
from storage.engine import Database
from storage.seals import SEAL, Seals
from storage.versioned import Record, Versioned

things = Table(
    "things",
    MetaData(),
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column(SEAL, LargeBinary, nullable=False),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Thing(Record):
    name: str
    value: str


@pytest.fixture
def database(tmp_path):
    database = Database(tmp_path / "db.sqlite")
    database.create(things.metadata)
    yield database
    database.close()


def process() -> Versioned[Thing]:
    """Return the records as a new process has them."""
    return Versioned(things, Thing, Seals(lambda data: hmac.digest(b"key", data, hashlib.sha256)))


def find(database, records, name="one"):
    with database.reading() as connection:
        return records.find(connection, name)


def store(database, records, record):
    with database.transaction() as connection:
        return records.store(connection, record)


def put_back(database, row) -> None:
    with database.transaction() as connection:
        connection.exec_driver_sql("INSERT OR REPLACE INTO things VALUES (?, ?, ?, ?)", tuple(row))


def raw(database):
    with database.reading() as connection:
        return connection.exec_driver_sql("SELECT * FROM things").one()


def test_a_record_is_found_as_it_was_written_and_its_version_rises(database):
    records = process()
    first = store(database, records, Thing(name="one", value="a"))
    second = store(database, records, replace(first, value="b"))
    assert (first.version, second.version) == (1, 2)
    assert find(database, records) == find(database, process()) == second
    assert find(database, records, "two") is None


def test_a_change_of_what_is_no_longer_there_so_is_refused(database):
    records = process()
    first = store(database, records, Thing(name="one", value="a"))
    store(database, process(), replace(first, value="b"))
    with pytest.raises(RecordTampered, match="changed meanwhile"):
        store(database, records, replace(first, value="c"))


@pytest.mark.parametrize("known_by", ["reading", "writing", "reading in the transaction that wrote"])
def test_an_older_row_is_refused_by_a_process_that_knew_the_newer(database, known_by):
    records = process()
    first = store(database, records, Thing(name="one", value="a"))
    older = raw(database)
    if known_by == "reading":
        store(database, process(), replace(first, value="b"))
        find(database, records)
    else:
        with database.transaction() as connection:
            records.store(connection, replace(first, value="b"))
            if known_by != "writing":
                records.find(connection, "one")
    newer = raw(database)
    put_back(database, older)
    with pytest.raises(RecordTampered, match="older than it was"):
        find(database, records)
    put_back(database, newer)
    assert find(database, records).value == "b"


def test_a_change_that_was_undone_is_not_missed(database):
    records = process()
    first = store(database, records, Thing(name="one", value="a"))

    def fail() -> None:
        with database.transaction() as connection:
            records.store(connection, replace(first, value="b"))
            assert records.find(connection, "one").value == "b"
            records.store(connection, Thing(name="two", value="c"))
            assert len(records.all(connection)) == 2
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert find(database, records) == first
    assert find(database, records, "two") is None
    assert store(database, records, replace(first, value="d")).version == 2


def test_a_row_that_is_gone_is_missed(database):
    records = process()
    store(database, records, Thing(name="one", value="a"))
    with database.transaction() as connection:
        connection.exec_driver_sql("DELETE FROM things")
    with pytest.raises(RecordTampered, match="one is gone"):
        find(database, records)
    with database.reading() as connection, pytest.raises(RecordTampered, match="one is gone"):
        records.all(connection)
