"""Which gateways may be configured: no code and no password in the clear over a network, and answers in time (N6, Y4)."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.config import BadSettings, load

CONFIG = Path(__file__).resolve().parents[3] / "config" / "paraph.toml"
KANNEL = {
    "kind": "kannel",
    "name": "first",
    "url": "http://127.0.0.1:13013/cgi-bin/sendsms",
    "username": "paraph",
    "password_file": "/etc/paraph/kannel.password",
}


def sms(*gateways, **keys):
    return load(CONFIG, {"sms": {"gateways": list(gateways), **keys}}).sms


def test_gateways_come_in_their_order_with_the_outbox_anywhere():
    found = sms(KANNEL, {"kind": "outbox"}, {**KANNEL, "name": "second", "request": "get", "seconds": 2.5})
    assert [gateway.name for gateway in found.kannels] == ["first", "second"]
    assert found.to_outbox
    assert not sms(KANNEL).to_outbox


@pytest.mark.parametrize(
    "url",
    [
        "http://gateway.example.com/cgi-bin/sendsms",
        "http://10.0.0.1:13013/",
        "http://127.0.0.1.example.com/",
        "ftp://127.0.0.1/",
        "127.0.0.1:13013/cgi-bin/sendsms",
        "http://paraph:secret@127.0.0.1/",
        "https://gateway.example.com/sendsms?user=x",
        "https://gateway.example.com/#",
        "https:///sendsms",
        "",
    ],
)
def test_an_address_is_https_or_this_machine_and_holds_no_secret(url):
    with pytest.raises(BadSettings, match=r"sms\.gateways|url"):
        sms({**KANNEL, "url": url})


@pytest.mark.parametrize("url", ["https://gateway.example.com/sendsms", "http://localhost:13013/", "http://[::1]:1/x"])
def test_these_addresses_may_be_used(url):
    assert sms({**KANNEL, "url": url}).kannels[0].url == url


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"name": "outbox"}, "name"),
        ({"name": "First gateway"}, "name"),
        ({"name": ""}, "name"),
        ({"seconds": 9.0}, "seconds"),
        ({"seconds": 0}, "seconds"),
        ({"username": "a\nb"}, "printable"),
        ({"username": "é"}, "printable"),
        ({"smsc": "a\r\nX-Evil: 1"}, "printable"),
        ({"request": "put"}, "request"),
        ({"kind": "smpp"}, "kind"),
        ({"password": "secret"}, "password"),
        ({"username": ...}, "username"),
        ({"password_file": ...}, "password_file"),
    ],
)
def test_what_is_wrong_with_a_gateway_is_said(changes, words):
    gateway = {name: value for name, value in {**KANNEL, **changes}.items() if value is not ...}
    with pytest.raises(BadSettings, match=words):
        sms(gateway)


@pytest.mark.parametrize(
    ("gateways", "words"),
    [
        ([], "at least one"),
        ([KANNEL, KANNEL], "each of its own name"),
        ([{"kind": "outbox"}, {"kind": "outbox"}], "outbox at most once"),
        ([KANNEL, {**KANNEL, "name": "second"}, {**KANNEL, "name": "third"}], "together at most 8"),
    ],
)
def test_gateways_together_must_make_sense(gateways, words):
    with pytest.raises(BadSettings, match=words):
        sms(*gateways)


def test_reports_come_from_named_peers_over_a_safe_hop():
    safe = {"reports_listen": "10.0.0.5:8640", "reports_url": "https://reports.example.com/sms"}
    assert sms(KANNEL, **safe, reports_peers=["192.0.2.0/24", "::1"]).reports_peers
    with pytest.raises(BadSettings, match="reports_peers"):
        sms(KANNEL, **safe, reports_peers=["gateway.example.com"])
    with pytest.raises(BadSettings, match="reports_url"):
        sms(KANNEL, reports_listen="10.0.0.5:8640", reports_url="http://reports.example.com/sms")


@pytest.mark.parametrize("sender", ["", "Twelve chars", "Primăria", "a\nb"])
def test_a_senders_name_is_what_a_phone_can_show(sender):
    with pytest.raises(BadSettings, match="sms_sender"):
        load(CONFIG, {"service": {"sms_sender": sender}})
