"""What a personal name may be (attack Z10)."""

from __future__ import annotations

import pytest

from core.personal_names import LONGEST, MixedScripts, NameMalformed, check_one_script, normal_name


@pytest.mark.parametrize(
    "name",
    [
        "Ștefăniță",
        "Ana Maria",
        "Pop-Ionescu",
        "O'Neill",
        "d\N{RIGHT SINGLE QUOTATION MARK}Arc",
        "J.-P.",
        "M. Ana",
        "Łukasz",
        "Παπαδόπουλος",
        "Иванов",
    ],
)
def test_names_of_identity_documents_pass_unchanged(name):
    assert normal_name(name) == name


def test_the_two_ways_to_write_a_letter_become_one():
    assert normal_name("S\N{COMBINING COMMA BELOW}tefan") == "Ștefan"


def test_blanks_around_a_name_go():
    assert normal_name("  Ana ") == "Ana"


def test_a_mark_without_a_composed_form_stays():
    assert normal_name("M\N{COMBINING CANDRABINDU}ara") == "M\N{COMBINING CANDRABINDU}ara"


@pytest.mark.parametrize(
    "name",
    [
        "",
        "   ",
        "A" * (LONGEST + 1),
        "Ana\x00",
        "Ana\n",
        "Ana\tMaria",
        "Ana\N{RIGHT-TO-LEFT OVERRIDE}",
        "Ana\N{ZERO WIDTH SPACE}",
        "Ana\N{NO-BREAK SPACE}Maria",
        "Ana\N{SOFT HYPHEN}",
        "Popa, CN=Dan",
        "Popa+Dan",
        "Popa=Dan",
        "Popa/Dan",
        "Popa\\Dan",
        "Popa;",
        'Popa"',
        "<b>Ana</b>",
        "Ana1",
        "ª",
        "\N{FULLWIDTH LATIN CAPITAL LETTER A}na",
        "\N{MATHEMATICAL BOLD CAPITAL A}na",
        "\N{COMBINING BREVE}Ana",
        "Ana-\N{COMBINING BREVE}",
        "A" + "\N{COMBINING CANDRABINDU}" * 3,
        "王小明",
        "-Ana",
        "Ana-",
        "Ana  Maria",
        "Ana--Maria",
        "\ud800na",
        "\N{GRINNING FACE}",
    ],
)
def test_what_no_name_has_is_refused(name):
    with pytest.raises(NameMalformed):
        normal_name(name)


def test_one_person_has_one_script__nat_4_2_4_19():
    check_one_script("Ana", "Brânză-Țuțea")
    with pytest.raises(MixedScripts):
        check_one_script("Ana", "Иванов")
    with pytest.raises(MixedScripts):
        check_one_script("\N{CYRILLIC CAPITAL LETTER A}na")
