"""Names in certificates."""

from __future__ import annotations

import pytest
from cryptography.x509.oid import NameOID

from ca.names import (
    NameTooLong,
    Person,
    SubjectSerialMalformed,
    authority_name,
    common_name,
    country_of,
    signatory_name,
)
from core.errors import Malformed
from tests.support.ca_bench import settings_for


@pytest.mark.parametrize(
    ("serial", "country"),
    [
        ("PNORO-2900101400016", "RO"),
        ("IDCRO-RX123456", "RO"),
        ("PASMD-A1234567", "MD"),
        ("PNOIT-RSSMRA80A01H501U", "IT"),
    ],
)
def test_the_country_is_that_of_the_number__en_319_412_1_5_1_3(serial, country):
    assert country_of(serial) == country


@pytest.mark.parametrize(
    "serial",
    [
        "",
        "2900101400016",
        "PNORO2900101400016",
        "PNOro-2900101400016",
        "PNORO-29001014000",
        "PNORO-290010140001A",
        "TAXRO-1234567890123",
        "EIDRO-1234567890123",
        "PNORO-2900101400016\n",
        "IDCRO-rx123456",
        "IDCRO-",
        "IDCRO-" + "1" * 33,
    ],
)
def test_other_subject_serials_are_refused(serial):
    with pytest.raises(SubjectSerialMalformed):
        country_of(serial)


def test_a_common_name_that_never_fits_is_refused():
    with pytest.raises(NameTooLong):
        common_name("Ț" * 30, "Ș" * 30)


def test_names_are_stored_in_one_normal_form():
    person = Person("S\N{COMBINING COMMA BELOW}tefan", "Popa", "PNORO-2900101400016")
    assert signatory_name(person).get_attributes_for_oid(NameOID.GIVEN_NAME)[0].value == "Ștefan"


def test_a_country_of_three_letters_is_a_mistake_in_the_settings(tmp_path):
    with pytest.raises(Malformed, match="length"):
        authority_name(settings_for(tmp_path, country="ROU").ca, "TEST X")
