"""Who can write the SAM's database, with SQL of their own, still signs nothing (attacks §8: D1, D5, D6, D10).

Each attempt asserts the reason, that no signature came out, and that the honest request succeeds when the row is put right.
"""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from sqlalchemy import Table
from sqlalchemy.exc import IntegrityError

from core.errors import RecordTampered
from hsm.errors import UnwrapRefused, WrongWrappingKey
from hsm.ports import WrappedKey
from otp import tables as otp_tables
from signer.sam import tables as sam_tables
from signer.sam.errors import CredentialMismatch
from signer.sam.protocol import DescribeCredential
from tests.support.sam_bench import digest
from tests.support.tokens import sam_keys, sam_token

ONE = digest("one")
TABLES: list[Table] = [*sam_tables.metadata.sorted_tables, *otp_tables.metadata.sorted_tables]
SEALED = [table for table in TABLES if "seal" in table.c]
# Tables without a seal, and why each needs none.
UNSEALED = {
    "results": "holds only outcomes; whether a digest was used is in the transaction's sealed row",
    "request_ids": "a deleted row lets a portal's own signed request be used again: a new code is needed all the same",
    "evidence": "chained by keyed links, verified as a whole",
    "guesses": "for an alarm; what a signatory has used up is in `allowances`",
}
# Columns that are equal in both rows, and another value for each.
OTHER_VALUES = {
    "version": 99,
    "state": "suspended",
    "allow_carried": 1,
    "key_type": "rsa-3072",
    "wrapping_key_id": "wrap:00",
    "created_at": 1,
    "ends_at": 1,
}
CREDENTIAL_COLUMNS = [c.name for c in sam_tables.credentials.c if c.name != "credential"]


def rows(bench, table="credentials", key="account"):
    with bench.database.reading() as connection:
        found = connection.exec_driver_sql(f"SELECT * FROM {table}").mappings().all()
    return {row[key]: dict(row) for row in found}


def write(bench, credential: str, **values) -> None:
    with bench.database.transaction() as connection:
        for column, value in values.items():
            connection.exec_driver_sql(f"UPDATE credentials SET {column} = ? WHERE credential = ?", (value, credential))


def evidence(bench) -> list[str]:
    with bench.database.reading() as connection:
        return [row[0] for row in connection.exec_driver_sql("SELECT event FROM evidence ORDER BY id")]


@pytest.mark.parametrize("column", CREDENTIAL_COLUMNS)
def test_a_column_swapped_between_two_citizens_is_refused__d1(bench, column):
    sad = bench.authorise(ONE).sad
    ana, bogdan = rows(bench)["ana"], rows(bench)["bogdan"]
    foreign = OTHER_VALUES.get(column, bogdan[column])
    assert foreign != ana[column]
    write(bench, ana["credential"], **{column: foreign})
    with pytest.raises(RecordTampered, match="credentials"):
        bench.sign_hashes(sad, ONE)
    assert "signing intended" not in evidence(bench)
    write(bench, ana["credential"], **{column: ana[column]})
    assert bench.sign_hashes(sad, ONE)


def test_a_whole_row_under_another_name_is_refused__d1(bench):
    """Everything of Bogdan's, seal included, but Ana's credential id; his own row is gone, since an account has one."""
    sad = bench.authorise(ONE).sad
    ana, bogdan = rows(bench)["ana"], rows(bench)["bogdan"]
    with bench.database.transaction() as connection:
        connection.exec_driver_sql("DELETE FROM credentials WHERE account = 'bogdan'")
    write(bench, bench.credentials["ana"], **{column: bogdan[column] for column in CREDENTIAL_COLUMNS})
    with pytest.raises(RecordTampered, match="credentials"):
        bench.sign_hashes(sad, ONE)
    assert "signing intended" not in evidence(bench)
    write(bench, bench.credentials["ana"], **{column: ana[column] for column in CREDENTIAL_COLUMNS})
    assert bench.sign_hashes(sad, ONE)


# A value as SQL writes it, and whether the STRICT table takes it.
OTHER_TYPES = [
    ("version", "'two'", False),
    ("version", "'1'", True),  # which SQLite makes the number it looks like, and that is what is sealed
    ("version", "9223372036854775807", True),
    ("allow_carried", "NULL", False),
    ("allow_carried", "1", True),
    ("phone", "x'2b34'", False),
    ("phone", "''", True),
    ("certificate", "x''", True),
    ("certificate", "NULL", True),
    ("certificate", "'text'", False),
    ("created_at", "0.5", False),
]


@pytest.mark.parametrize(("column", "value", "taken"), OTHER_TYPES)
def test_values_of_another_type_are_refused_and_not_coerced__d5(bench, column, value, taken):
    sad = bench.authorise(ONE).sad
    ana = rows(bench)["ana"]
    if taken:
        put_raw(bench, column, value)
        if rows(bench)["ana"] != ana:
            with pytest.raises(RecordTampered, match="credentials"):
                bench.sign_hashes(sad, ONE)
            assert "signing intended" not in evidence(bench)
        write(bench, ana["credential"], **{column: ana[column]})
    else:
        with pytest.raises(IntegrityError, match=r"cannot store|NOT NULL"):
            put_raw(bench, column, value)
        assert rows(bench)["ana"] == ana
    assert bench.sign_hashes(sad, ONE)


def put_raw(bench, column: str, value: str) -> None:
    with bench.database.transaction() as connection:
        connection.exec_driver_sql(f"UPDATE credentials SET {column} = {value} WHERE account = 'ana'")


def test_a_second_row_in_other_case_is_another_credential__d5(bench):
    sad = bench.authorise(ONE).sad
    ana = rows(bench)["ana"]
    columns = ", ".join(ana)
    with bench.database.transaction() as connection:
        values = {**ana, "credential": ana["credential"].upper(), "state": "revoked"}  # of two in use the table has one
        marks = ", ".join("?" for _ in values)
        connection.exec_driver_sql(f"INSERT INTO credentials ({columns}) VALUES ({marks})", tuple(values.values()))
    with pytest.raises(CredentialMismatch):
        bench.sign_hashes(sad, ONE, credential=values["credential"])
    with pytest.raises(RecordTampered, match="credentials"):
        bench.ask(DescribeCredential("portal-a", values["credential"]))
    assert "signing intended" not in evidence(bench)
    assert bench.sign_hashes(sad, ONE)


@pytest.mark.parametrize("table", [table.name for table in TABLES])
def test_every_table_is_sealed_or_says_why_not__d6(table):
    assert (table in {t.name for t in SEALED}) != (table in UNSEALED)


@pytest.mark.parametrize(("table", "column"), [(t, c.name) for t in SEALED for c in t.c if c.name != "seal"])
def test_the_seal_covers_every_column__d6(bench, table, column):
    """A column that a later change adds is under the seal by being in the table."""
    from storage.seals import Seals

    seals = Seals(bench.keys.seal.mac)
    row = {c.name: None for c in table.c if c.name != "seal"}
    sealed = seals.sealed(table, SimpleNamespace(**row))
    with pytest.raises(RecordTampered):
        seals.opened(table, {**sealed, column: "changed"})
    assert seals.opened(table, sealed) == row


@pytest.mark.parametrize(("column", "value"), [("attempts", 0), ("state", "live"), ("counter", 0), ("sends", 1)])
def test_a_challenge_put_back_by_hand_opens_nothing__d3(bench, column, value):
    from core.factors import CodeWrong
    from signer.sam.protocol import SubmitCode

    view = bench.open(ONE)
    wrong = f"{(int(bench.phone.code) + 1) % 10**8:08}"
    for _ in range(2):
        with pytest.raises(CodeWrong):
            bench.ask(SubmitCode(view.transaction, "portal-a", wrong))
    untouched = rows(bench, "challenges", "challenge")[view.transaction]
    if untouched[column] == value:
        value = {"state": "met", "counter": 1, "sends": 2}[column]
    with bench.database.transaction() as connection:
        connection.exec_driver_sql(f"UPDATE challenges SET {column} = ? WHERE challenge = ?", (value, view.transaction))
    with pytest.raises(RecordTampered):
        bench.ask(SubmitCode(view.transaction, "portal-a", bench.phone.code))
    with bench.database.transaction() as connection:
        connection.exec_driver_sql(
            f"UPDATE challenges SET {column} = ? WHERE challenge = ?", (untouched[column], view.transaction)
        )
    assert bench.ask(SubmitCode(view.transaction, "portal-a", bench.phone.code)).sad


@pytest.mark.parametrize("change", ["binding", "progress", "state", "credential"])
def test_a_transaction_rewritten_by_hand_signs_nothing(bench, change):
    sad = bench.authorise(ONE).sad
    first = bench.sign_hashes(sad, ONE)
    (before,) = rows(bench, "transactions", "transaction").values()
    foreign = {"binding": b"x", "progress": b"A", "state": "open", "credential": bench.credentials["bogdan"]}[change]
    with bench.database.transaction() as connection:
        connection.exec_driver_sql(f"UPDATE transactions SET {change} = ?", (foreign,))
    with pytest.raises(RecordTampered, match="transactions"):
        bench.sign_hashes(sad, ONE)
    assert evidence(bench).count("signing intended") == evidence(bench).count("signed") == 1
    with bench.database.transaction() as connection:
        connection.exec_driver_sql(f"UPDATE transactions SET {change} = ?", (before[change],))
    assert bench.sign_hashes(sad, ONE) == first


def test_a_blob_under_another_wrapping_key_is_refused__d10(bench, tmp_path):
    elsewhere = sam_keys(sam_token(tmp_path / "elsewhere")).vault.generate(bench_key_type())
    with pytest.raises(WrongWrappingKey), bench.keys.vault.unwrapped(elsewhere):
        pass
    own = bench.keys.vault.generate(bench_key_type())
    renamed = WrappedKey(elsewhere.key_type, elsewhere.public_key_der, elsewhere.wrapped, own.wrapping_key_id)
    with pytest.raises(UnwrapRefused), bench.keys.vault.unwrapped(renamed):
        pass
    with bench.keys.vault.unwrapped(own):
        pass


def test_a_blob_of_another_class_is_refused__d10(bench, token):
    """A secret key wrapped under the same wrapping key is no private key, and an RSA key no EC key."""
    from pkcs11 import Attribute, KeyType, Mechanism

    from core.algorithms import KeyType as OurKeyType

    own = bench.keys.vault.generate(bench_key_type())

    def wrap_secret(session) -> bytes:
        (wrapping,) = session.get_objects({Attribute.LABEL: "wrap"})
        secret = session.generate_key(KeyType.AES, 256, template={Attribute.TOKEN: False, Attribute.EXTRACTABLE: True})
        return wrapping.wrap_key(secret, mechanism=Mechanism.AES_KEY_WRAP_PAD)

    for wrapped in (wrap_secret(token.session()), b"", own.public_key_der, bytes(80)):
        with (
            pytest.raises(UnwrapRefused),
            bench.keys.vault.unwrapped(WrappedKey(own.key_type, own.public_key_der, wrapped, own.wrapping_key_id)),
        ):
            pass
    with (
        pytest.raises(UnwrapRefused),
        bench.keys.vault.unwrapped(
            WrappedKey(OurKeyType.RSA_3072, own.public_key_der, own.wrapped, own.wrapping_key_id)
        ),
    ):
        pass
    with bench.keys.vault.unwrapped(own):
        pass


def bench_key_type():
    from core.algorithms import KeyType

    return KeyType.EC_P256


@pytest.mark.parametrize("damage", ["alter", "delete", "swap", "cut", "empty"])
def test_damage_to_the_evidence_is_named_by_its_row__d8(bench, damage):
    from signer.sam.errors import EvidenceBroken
    from signer.sam.protocol import VerifyEvidence

    bench.authorise(ONE)
    whole = bench.admin(VerifyEvidence())
    statements = {
        "alter": ["UPDATE evidence SET body = x'00' WHERE id = 3"],
        "delete": ["DELETE FROM evidence WHERE id = 3"],
        "swap": [
            "UPDATE evidence SET id = -1 WHERE id = 3",
            "UPDATE evidence SET id = 3 WHERE id = 4",
            "UPDATE evidence SET id = 4 WHERE id = -1",
        ],
        "cut": [f"DELETE FROM evidence WHERE id > {whole.rows - 1}"],
        "empty": ["DELETE FROM evidence"],
    }
    bench.sam.make_round()  # the chain alone does not show what was cut off its end, a checkpoint does
    with bench.database.transaction() as connection:
        for statement in statements[damage]:
            connection.exec_driver_sql(statement)
    with pytest.raises(EvidenceBroken) as refusal:
        bench.admin(VerifyEvidence())
    if damage in {"alter", "delete", "swap"}:
        assert refusal.value.row == 3
