"""The strict parser of increments, and plain values."""

import zlib
from decimal import Decimal

import pytest
from pyhanko.pdf_utils import generic

from core.errors import Malformed
from preflight.sample import sample
from preflight.syntax import parse_increment
from preflight.values import Name, Ref, Stream, equal, plain

END = b"xref\n0 1\n0000000000 65535 f \ntrailer\n<< /Size 1 >>\nstartxref\n0\n%%EOF\n"


def value_of(text: bytes):
    return parse_increment(b"7 0 obj\n" + text + b"\nendobj\n" + END).objects[Ref(7, 0)]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (b"12", 12),
        (b"-7", -7),
        (b"1.50", Decimal("1.5")),
        (b"-.5", Decimal("-0.5")),
        (b"true", True),
        (b"null", None),
        (b"/Name", Name("/Name")),
        (b"/A#20B", Name("/A B")),
        (b"(text)", b"text"),
        (b"(a\\(b\\)\\101\\n)", b"a(b)A\n"),
        (b"<48656C6C6F>", b"Hello"),
        (b"<4>", b"@"),
        (b"3 0 R", Ref(3, 0)),
        (b"[ 1 2 0 R (x) ]", [1, Ref(2, 0), b"x"]),
        (b"<< /A 1 /B << /C [ ] >> >>", {"/A": 1, "/B": {"/C": []}}),
        (b"<< /Length 3 >>\nstream\nabc\nendstream", Stream({"/Length": 3}, b"abc")),
    ],
)
def test_value_is_read(text, value):
    assert value_of(text) == value


@pytest.mark.parametrize(
    "text",
    [
        b"% comment\n1",
        b"1 % comment",
        b"1\x00",
        b"/A/B",
        b"<< /A 1 /A 2 >>",
        b"<< /A >>",
        b"<< 1 2 >>",
        b"[ 1",
        b"(a(b)c)",
        b"(a\\9)",
        b"<4G>",
        b"1e5",
        b"--1",
        b"0x10",
        b"truefalse",
        b"/A#2",
        b"/\xff",
        b"<< /Length 30 >>\nstream\nabc\nendstream",
        b"<< /Length -1 >>\nstream\n\nendstream",
        b"<< /Length 4 0 R >>\nstream\nabc\nendstream",
        b"<< /Length 3 >>\rstream\nabc\nendstream",
        b"[" * 40 + b"]" * 40,
        b" " * 65 + b"1",
        b"1" * 30,
        b"",
    ],
)
def test_value_outside_the_grammar_is_refused(text):
    with pytest.raises(Malformed):
        value_of(text)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        END[1:],
        END + b"\n",
        END + END,
        b"x" + END,
        END.replace(b"%%EOF\n", b"%%EOF"),
        END.replace(b"65535 f \n", b"65535 f\n"),
        END.replace(b"0 1\n", b"0 2\n"),
        END.replace(b"<< /Size 1 >>", b"[ ]"),
        b"7 0 obj\n1\nendobj\n7 0 obj\n1\nendobj\n" + END,
        b"7 0 obj 1\nendobj\n" + END,
        b"7 0 obj\n1\nendobj" + END,
        b"".join(b"%d 0 obj\n1\nendobj\n" % n for n in range(1, 70)) + END,
        b"7 0 obj\n1\nendobj\nstartxref\n0\n%%EOF\n",
    ],
)
def test_increment_with_anything_else_is_refused(data):
    with pytest.raises(Malformed):
        parse_increment(data)


def test_sample_is_read_whole():
    good = sample()
    parsed = parse_increment(good.before + b"<" + b"0" * (good.room - 2) + b">" + good.after)
    assert sorted(ref.number for ref in parsed.objects) == [1, 3, 4, 5, 6]
    assert parsed.table is not None
    assert parsed.startxref == len(good.original) + parsed.xref_at


def test_stream_is_inflated_to_its_end_and_no_further():
    packed = zlib.compress(b"abc")
    flate = Name("/FlateDecode")
    assert Stream({"/Filter": flate}, packed).decoded(100) == b"abc"
    assert Stream({"/Filter": [flate]}, packed + b"\n").decoded(100) == b"abc"
    assert Stream({}, b"abc").decoded(1) == b"abc"
    for dictionary, data in (
        ({"/Filter": flate}, packed + b"more"),
        ({"/Filter": flate}, packed[:-3]),
        ({"/Filter": flate}, b"abc"),
        ({"/Filter": flate}, zlib.compress(bytes(1000))),
        ({"/Filter": [flate, flate]}, zlib.compress(packed)),
        ({"/Filter": Name("/LZWDecode")}, packed),
        ({"/Filter": flate, "/DecodeParms": {}}, packed),
    ):
        with pytest.raises(Malformed):
            Stream(dictionary, data).decoded(100)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (1, Decimal("1.0"), True),
        (1, True, False),
        (0, False, False),
        (Name("/A"), b"/A", False),
        (None, 0, False),
        ([1, [2]], [1, [Decimal(2)]], True),
        ([1], [1, 2], False),
        ({"/A": 1}, {"/A": 1, "/B": None}, False),
        ({"/A": Ref(1, 0)}, {"/A": Ref(1, 1)}, False),
        (Ref(1, 0), [1, 0], False),
        (Stream({}, b"a"), Stream({}, b"a"), True),
        (Stream({}, b"a"), Stream({}, b"b"), False),
    ],
)
def test_equality_is_of_kind_and_content(one, other, same):
    assert equal(one, other) is same


def test_library_objects_become_plain_values():
    obj = generic.DictionaryObject(
        {
            generic.pdf_name("/A"): generic.ArrayObject([generic.NumberObject(1), generic.FloatObject("1.5")]),
            generic.pdf_name("/B"): generic.ByteStringObject(b"x"),
            generic.pdf_name("/C"): generic.NullObject(),
            generic.pdf_name("/D"): generic.BooleanObject(value=True),
        }
    )
    assert plain(obj) == {"/A": [1, Decimal("1.5")], "/B": b"x", "/C": None, "/D": True}


def test_library_object_nested_too_deep_is_refused():
    obj = generic.ArrayObject()
    for _ in range(100):
        obj = generic.ArrayObject([obj])
    with pytest.raises(Malformed):
        plain(obj)
