"""What revoking a credential leaves of its key: nothing, neither in the record nor in the database's files."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from core.errors import RecordTampered
from signer.sam.errors import CredentialNotUsable
from signer.sam.protocol import DescribeCredential, SetState, VerifyEvidence


def wrapped_key(bench) -> bytes:
    with bench.database.reading() as connection:
        wanted = text("SELECT wrapped_key FROM credentials WHERE credential = :credential")
        return connection.scalar(wanted, {"credential": bench.credentials["ana"]})


def events(bench) -> list[str]:
    with bench.database.reading() as connection:
        return connection.scalars(text("SELECT event FROM evidence ORDER BY id")).all()


def revoke(bench) -> None:
    bench.admin(SetState(bench.credentials["ana"], "revoked"))


def test_the_wrapped_key_is_gone_from_the_record_and_from_the_files__ts_119_431_1_del_6_3_2_01(bench):
    key = wrapped_key(bench)
    assert any(key in path.read_bytes() for path in bench.folder.glob("sam.sqlite*"))
    revoke(bench)
    assert wrapped_key(bench) == b""
    assert not any(key in path.read_bytes() for path in bench.folder.glob("sam.sqlite*"))
    assert events(bench)[-2:] == ["state changed", "key destroyed"]
    bench.admin(VerifyEvidence())


def test_the_seal_covers_that_there_is_no_key(bench):
    key = wrapped_key(bench)
    revoke(bench)
    with bench.database.transaction() as connection:
        connection.execute(text("UPDATE credentials SET wrapped_key = :key WHERE wrapped_key = x''"), {"key": key})
    with pytest.raises(RecordTampered):
        bench.ask(DescribeCredential("portal-a", bench.credentials["ana"]))


def test_revoking_again_changes_nothing_and_is_no_error(bench):
    revoke(bench)
    before = events(bench)
    revoke(bench)
    assert events(bench) == before


@pytest.mark.parametrize("state", ["active", "suspended"])
def test_a_revoked_credential_stays_revoked(bench, state):
    revoke(bench)
    with pytest.raises(CredentialNotUsable, match="revoked"):
        bench.admin(SetState(bench.credentials["ana"], state))


def test_a_suspension_leaves_the_key(bench):
    key = wrapped_key(bench)
    bench.admin(SetState(bench.credentials["ana"], "suspended"))
    assert wrapped_key(bench) == key
