"""The development phone shows messages and does nothing else; never beside a public address (attack N12)."""

import json

import pytest

from apps import phone, sam
from apps.installation import DEFAULT_CONFIG, Installation
from core.config import BadSettings


@pytest.fixture
def settings(tmp_path):
    found = Installation(DEFAULT_CONFIG, tmp_path).settings()
    found.outbox().mkdir(parents=True)
    return found


def put(settings, name, at, text):
    message = {"at": at, "to": "+40712345678", "sender": "Paraph", "text": text}
    (settings.outbox() / f"{name}.json").write_text(json.dumps(message), encoding="utf-8")


def browser(settings):
    return phone.build(settings).test_client()


def test_messages_are_shown_newest_first_with_their_text_escaped(settings):
    put(settings, "a", "2026-01-01T10:00:00+00:00", "old")
    put(settings, "b", "2026-01-01T11:00:00+00:00", "new <script>alert(1)</script>")
    page = browser(settings).get("/", base_url="http://127.0.0.1:8630").text
    assert page.index("new &lt;script&gt;") < page.index("old")
    assert "<script" not in page


def test_a_message_that_is_being_written_is_not_shown(settings):
    (settings.outbox() / "a.12.part").write_text("{")
    assert browser(settings).get("/", base_url="http://localhost:8630").status_code == 200


def test_another_host_name_gets_nothing(settings):
    assert browser(settings).get("/", base_url="http://phone.example.com").status_code == 400


def test_nothing_can_be_changed_and_nothing_runs_by_itself(settings):
    answer = browser(settings).get("/", base_url="http://127.0.0.1:8630")
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Cache-Control"] == "no-store"
    assert browser(settings).post("/", base_url="http://127.0.0.1:8630").status_code == 405


@pytest.mark.parametrize(
    "public",
    [
        "service.public_origin=https://sign.example.com",
        "portal.public_origin=https://portal.example.com",
        "phone.listen=0.0.0.0:8630",
    ],
)
def test_the_phone_does_not_run_beside_a_public_address(tmp_path, public):
    settings = Installation(DEFAULT_CONFIG, tmp_path, (public,)).settings()
    with pytest.raises(BadSettings, match="public"):
        phone.zone(settings)


def test_the_sam_does_not_send_codes_to_the_outbox_of_a_public_service(tmp_path):
    laid_over = ("service.public_origin=https://sign.example.com",)
    with pytest.raises(BadSettings, match="outbox"):
        sam.zone(Installation(DEFAULT_CONFIG, tmp_path, laid_over).settings())
