"""What a log line may say (attack I7)."""

import io
import json
import logging
from datetime import UTC, datetime

import pytest

from core.algorithms import KeyType
from core.logs import JsonLines, configure, current_request, harmless, request_scope, shown
from core.secret import Secret
from otp.delivery.ports import Sms

NOW = datetime(2026, 1, 2, tzinfo=UTC)


def line(message, *args, extra=None, error=None):
    record = logging.getLogger("test").makeRecord(
        "test",
        logging.INFO,
        __file__,
        1,
        message,
        args,
        error and (type(error), error, error.__traceback__),
        extra=extra,
    )
    return json.loads(JsonLines("sam").format(record))


def test_a_line_is_one_json_object_with_time_zone_and_event():
    said = line("opened", extra={"transaction": "t-abc", "documents": 3})
    assert (said["zone"], said["event"], said["transaction"], said["documents"]) == ("sam", "opened", "t-abc", 3)
    assert datetime.fromisoformat(said["at"]).tzinfo is not None


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (Secret(b"very secret"), "<Secret>"),
        (Sms("+40712345678", "Paraph", "12345678", "r", NOW, NOW), "<Sms>"),
        (b"12345678", "<8 bytes>"),
        (object(), "<object>"),
        (datetime(2026, 1, 2, tzinfo=UTC), "2026-01-02T00:00:00+00:00"),
        (KeyType.EC_P256, "EC_P256"),
        ({"pin": Secret(b"x"), "n": [1, b"22"]}, {"pin": "<Secret>", "n": [1, "<2 bytes>"]}),
        (True, True),
    ],
)
def test_a_value_is_written_only_when_its_type_is_harmless(value, said):
    assert shown(value) == said
    assert line("event", extra={"value": value})["value"] == said


def test_arguments_of_a_message_are_redacted_by_type_too():
    assert line("%s and %d and %s", Secret(b"geheim"), 7, b"123")["event"] == "<Secret> and 7 and <3 bytes>"


@pytest.mark.parametrize(
    "secret",
    [
        "12345678",
        "1234 5678",
        "+40712345678",
        "2900101400016",
        "ana@example.ro",
        "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJhIn0.c2lnbmF0dXJl",
        "kJ8Jk2l3mNopQrStUvWxYz0123456789abcdefghijklm"[:43],
    ],
)
def test_text_that_looks_like_a_secret_or_a_person_is_taken_out(secret):
    assert secret not in harmless(f"refused: {secret}, sorry")
    assert harmless(f"refused: {secret}, sorry").startswith("refused: ")


def test_the_query_of_an_address_is_taken_out():
    assert harmless("Error handling request /callback?code=abc&state=d") == "Error handling request /callback?…"


@pytest.mark.parametrize("text", ["t-abcdefghijklmnopqrstuvwxyz", "127.0.0.1:8610", "3 of 20 documents", "line 1234"])
def test_ordinary_text_stays(text):
    assert harmless(text) == text


def test_a_traceback_tells_places_and_causes_but_no_values():
    def deep():
        code = "87654321"
        raise ValueError(f"wrong {code}")

    try:
        try:
            deep()
        except ValueError as error:
            raise RuntimeError("outer") from error
    except RuntimeError as error:
        said = line("failed", error=error)
    assert [each["error"] for each in said["raised"]] == ["RuntimeError", "ValueError"]
    assert said["raised"][1]["trace"][-1].endswith(" deep")
    assert "87654321" not in json.dumps(said)


def test_lines_of_a_request_carry_its_name_and_others_do_not():
    with request_scope("r-1"):
        assert (current_request(), line("x")["request"]) == ("r-1", "r-1")
    assert "request" not in line("x")


def test_a_message_with_wrong_arguments_is_still_a_line():
    assert line("%d files", "three")["event"] == "%d files"


def test_configured_loggers_write_json_and_nothing_else():
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    stream = io.StringIO()
    try:
        configure("web", stream)
        logging.getLogger("a.b").info("hello")
        logging.getLogger("a.b").debug("not shown")
    finally:
        logging.captureWarnings(capture=False)
        root.handlers[:] = before
        root.setLevel(level)
    assert [json.loads(each)["event"] for each in stream.getvalue().splitlines()] == ["hello"]
