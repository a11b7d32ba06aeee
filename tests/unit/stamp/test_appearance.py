"""The visible appearance: its places, its four lines, and that nothing else can be said in it."""

from datetime import UTC, datetime

import pytest

from stamp.appearance import HEIGHT, WIDTH, NameNotAllowed, NoPlace, Position, check_name, content, lines, place
from stamp.font import NotPrintable, font

NOW = datetime(2026, 3, 1, 10, 0, 0, tzinfo=UTC)
A4 = (0.0, 0.0, 595.0, 842.0)


@pytest.mark.parametrize("position", Position)
@pytest.mark.parametrize("box", [A4, (100.5, -50.0, 700.0, 900.0), (0, 0, 14400, 14400)])
def test_place_lies_in_its_corner_of_the_page(position, box):
    left, bottom, right, top = place(position, box)
    assert (right - left, top - bottom) == (WIDTH, HEIGHT)
    assert box[0] <= left
    assert right <= box[2]
    assert box[1] <= bottom
    assert top <= box[3]
    assert (left - box[0] < box[2] - right) == position.value.endswith("left")
    assert (bottom - box[1] < box[3] - top) == position.value.startswith("bottom")


@pytest.mark.parametrize("box", [(0, 0, 399, 842), (0, 0, 595, 200), (0, 0, 0, 0), (595, 842, 0, 0)])
def test_page_that_is_too_small_has_no_place(box):
    with pytest.raises(NoPlace):
        place(Position.TOP_LEFT, box)


def test_lines_say_who_when_and_that_it_is_a_test():
    said = lines("Ioana Țăndărică", NOW)
    assert said[1:3] == ("Ioana Țăndărică", "2026-03-01 10:00:00 UTC")
    assert "TEST" in said[3]
    assert not any("valid" in line.lower().replace("valoare", "") for line in said)


@pytest.mark.parametrize("name", ["Ioana Țăndărică", "Ștefan-Vodă Ilieș", "J. O\u2019Brien", "Đurđa Łoś"])
def test_name_of_a_person_is_allowed(name):
    check_name(name)


@pytest.mark.parametrize("name", ["", "  ", "Ana 2", "Ana\nPop", "Ana\u202ePop", "Ana, primar", "a" * 81, "Ana\u0301"])
def test_name_that_is_none_is_refused(name):
    with pytest.raises(NameNotAllowed):
        check_name(name)


def test_letter_that_the_font_lacks_is_refused():
    with pytest.raises(NotPrintable):
        check_name("Анна")


def test_font_has_the_romanian_letters_with_comma_below():
    assert font().width("ăâîșțĂÂÎȘȚ") > 0


def test_long_name_is_set_smaller_so_that_it_fits():
    name = "Maximiliana Alexandrina Constantinescu-Brâncoveanu de la Mogoșoaia"
    row = content((name,)).split(b"\n")[1]
    size = float(row.split()[1])
    assert size < 8
    assert font().width(name) * size / 1000 <= WIDTH - 12
