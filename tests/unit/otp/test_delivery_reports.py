"""Delivery reports are statistics: believed only at an address that we gave, and without any consequence (attack Y3)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from ipaddress import ip_network

import pytest

from core.secret import Secret
from otp.delivery.report_addresses import ReportAddresses, ReportForged
from otp.delivery.report_wire import ReportWire
from otp.delivery.reports import Delivery, Reports, metadata
from storage.engine import Database
from tests.support.clocks import FakeClock

BASE = "http://127.0.0.1:8640/sms"
SENT = datetime(2026, 11, 24, 8, 43, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def addresses():
    return ReportAddresses(Secret(bytes(range(32))), BASE)


class Listener:
    """The wire on a database of its own, asked as a WSGI server would."""

    def __init__(self, folder, addresses) -> None:
        self.clock = FakeClock(SENT + timedelta(seconds=4))
        database = Database(folder / "reports.sqlite")
        database.create(metadata)
        self.reports = Reports(database)
        peers = [ip_network("127.0.0.1"), ip_network("10.1.0.0/16")]
        self._wire = ReportWire(addresses, self.reports, peers, self.clock)

    def get(self, address: str, *, peer="127.0.0.1", method="GET") -> str:
        path, _, query = address.removeprefix("http://127.0.0.1:8640").partition("?")
        environ = {"REQUEST_METHOD": method, "PATH_INFO": path, "QUERY_STRING": query, "REMOTE_ADDR": peer}
        said = []
        list(self._wire(environ, lambda status, headers: said.append(status)))
        return said[0]

    @property
    def counted(self) -> list[Delivery]:
        return self.reports.since(SENT - DAY)


@pytest.fixture
def listener(tmp_path, addresses):
    return Listener(tmp_path, addresses)


def test_a_delivery_and_a_failure_are_counted_for_their_gateway(listener, addresses):
    assert listener.get(addresses.of("first", "t-1-0-1", SENT) + "?state=1") == "200 OK"
    listener.clock.advance(seconds=6)
    assert listener.get(addresses.of("first", "t-2-0-1", SENT) + "?state=1") == "200 OK"
    assert listener.get(addresses.of("first", "t-3-0-1", SENT) + "?state=2") == "200 OK"
    assert listener.get(addresses.of("second", "t-1-0-1", SENT) + "?state=16", peer="10.1.2.3") == "200 OK"
    assert listener.counted == [Delivery("first", 2, 1, 7.0), Delivery("second", 0, 1, 0.0)]


def test_of_several_reports_on_one_message_the_last_counts(listener, addresses):
    address = addresses.of("first", "t-1-0-1", SENT)
    for state in ("8", "4", "2", "2", "1", "1"):
        assert listener.get(f"{address}?state={state}") == "200 OK"
    assert listener.counted == [Delivery("first", 1, 0, 4.0)]


def test_ten_thousand_forged_reports_leave_no_trace__y3(listener, addresses):
    good = addresses.of("first", "t-1-0-1", SENT)
    head, proof = good.rsplit("/", 1)
    for number in range(10_000):
        forged = (
            f"{head}/{number:05d}{proof[5:]}?state=2"
            if number % 2
            else f"{BASE}/first/m{number}/1764060180/{proof}?state=1"
        )
        assert listener.get(forged) == "404 Not Found"
    assert listener.counted == []
    assert listener.get(f"{good}?state=1") == "200 OK"
    assert listener.counted == [Delivery("first", 1, 0, 4.0)]


@pytest.mark.parametrize("peer", ["192.0.2.1", "10.2.0.1", "127.0.0.2", "", "unix:", "::1", "127.0.0.1, 192.0.2.1"])
def test_another_peer_is_not_listened_to(listener, addresses, peer):
    address = addresses.of("first", "t-1-0-1", SENT) + "?state=1"
    assert listener.get(address, peer=peer) == "404 Not Found"
    assert listener.counted == []
    assert listener.get(address) == "200 OK"


@pytest.mark.parametrize(
    "query", ["", "?state=", "?state=3", "?state=1&state=2", "?state=%31x", "?other=1", "?state=01"]
)
def test_another_state_is_no_report(listener, addresses, query):
    assert listener.get(addresses.of("first", "t-1-0-1", SENT) + query) == "404 Not Found"


@pytest.mark.parametrize("method", ["POST", "HEAD", "PUT", "DELETE", "OPTIONS"])
def test_another_method_is_no_report(listener, addresses, method):
    assert listener.get(addresses.of("first", "t-1-0-1", SENT) + "?state=1", method=method) == "404 Not Found"
    assert listener.counted == []


def test_a_part_of_one_address_makes_no_other(addresses):
    good = addresses.of("first", "t-1-0-1", SENT)
    base, gateway, message, sent, proof = good.rsplit("/", 4)
    other = addresses.of("first", "t-2-0-1", SENT).rsplit("/", 4)
    for forged in (
        (base, "second", message, sent, proof),
        (base, gateway, other[2], sent, proof),
        (base, gateway, message, str(int(sent) + 1), proof),
        (base, gateway, message, sent, other[4]),
        (base, gateway, message, sent, ""),
        (base, gateway + message, sent, proof),
        (base, gateway, message, "-1", proof),
        (base, gateway, message, "1" * 400, proof),
        (base, gateway, message, "\u0661", proof),
        (base, gateway, message + "é", sent, proof),
    ):
        with pytest.raises(ReportForged):
            addresses.read("/".join(forged))
    assert addresses.read(good).message == message


def test_an_address_says_nothing_of_the_transaction_and_is_each_messages_own(addresses):
    one, again = addresses.of("first", "t-secret-0-1", SENT), addresses.of("first", "t-secret-0-2", SENT)
    assert "secret" not in one
    assert one.split("/")[-3] != again.split("/")[-3]
    other = ReportAddresses(Secret(bytes(32)), BASE)
    with pytest.raises(ReportForged):
        other.read(one)


def test_reports_are_kept_for_a_month(listener, addresses):
    listener.get(addresses.of("first", "t-1-0-1", SENT) + "?state=1")
    listener.clock.advance(days=31)
    listener.get(addresses.of("first", "t-2-0-1", SENT) + "?state=1")
    (delivery,) = listener.reports.since(SENT - DAY)
    assert delivery.delivered == 1


def test_the_zone_is_healthy_while_it_can_keep_reports(listener):
    assert listener.get("/health", peer="192.0.2.1") == "200 OK"
