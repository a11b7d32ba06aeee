"""A real Kannel with its fake message centre, configured as docs/sms.md says: what arrives, what is said, what is logged."""

from __future__ import annotations

import json
import threading
import time
from datetime import timedelta
from ipaddress import ip_network
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest

from core.factors import CodeWrong, SmsNotSent
from core.secret import Secret
from otp.delivery.gateways import Gateways
from otp.delivery.kannel import Access, KannelGateway
from otp.delivery.ports import MessageQueued, NotDelivered, Sms
from otp.delivery.report_addresses import ReportAddresses
from otp.delivery.report_wire import ReportWire
from otp.delivery.reports import Reports, metadata
from otp.sms import SEGMENT, septets, signing_text
from signer.sam.protocol import RegisterPortal, ResendCode, SubmitCode
from storage.engine import Database
from tests.support.clocks import FakeClock
from tests.support.kannel import PASSWORD, Kannel, PhoneAtCentre
from tests.support.sam_bench import Workbench, digest

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("kannel")]
NOW = FakeClock().now()
ODD_NAMES = ["A&to=+40999;b 100 % %d %0A", "@£$¥èéùìòÇØøÅåÆæßÉ", "ÄÖÑÜ§¿äöñüà ¡?+#=/", "{}[]~|^\\ €", "'\"<b>"]


@pytest.fixture(scope="module")
def kannel(tmp_path_factory):
    made = Kannel(tmp_path_factory.mktemp("kannel") / "k")
    yield made
    made.stop()


@pytest.fixture
def phone(kannel):
    made = PhoneAtCentre(kannel)
    yield made
    made.hang_up()


def gateway(kannel, *, posts=True, password=PASSWORD, reports=None):
    access = Access(kannel.url, "paraph", Secret(password.encode()), "", posts, 5.0)
    return KannelGateway("kannel", access, reports)


def message(text: str) -> Sms:
    return Sms("+40722000111", "Paraph", text, "t-1-0-1", NOW, NOW + timedelta(minutes=5))


@pytest.mark.parametrize("posts", [True, False])
def test_every_character_of_the_alphabet_arrives_as_it_was_written__y5(kannel, phone, posts):
    texts = [
        signing_text("ro", 20, for_whom=name, mark="BKRT MPLD", code="48291357", host="semnare.example.com")
        for name in ODD_NAMES
    ]
    for text in texts:
        assert septets(text) <= SEGMENT
        gateway(kannel, posts=posts).send(message(text))
    received = phone.messages(len(texts))
    assert [text for _, _, text in received] == texts
    assert {(sender, to) for sender, to, _ in received} == {("Paraph", "+40722000111")}


def test_a_signatory_signs_with_the_code_that_came_through_kannel(kannel, phone, tmp_path):
    bench = Workbench(tmp_path)
    bench.send_through(Gateways([gateway(kannel)]))
    jwk = json.dumps(bench.request_keys["portal-a"].as_dict(private=False))
    bench.admin(RegisterPortal("portal-a", "Primăria Sectorului 3", "Primaria Sectorului 3", jwk))
    view = bench.open(digest("one"))
    ((_, to, text),) = phone.messages(1)
    assert to == "+40722000111"
    assert f"Amprenta {view.fingerprint}," in text
    sad = bench.ask(SubmitCode(view.transaction, "portal-a", text[-8:])).sad
    assert bench.sign_hashes(sad, digest("one"))


def test_a_queued_message_is_not_sent_and_the_code_that_comes_later_opens_nothing__y2(kannel, tmp_path):
    """Without a phone the message centre is away: Kannel answers 3 and keeps the message."""
    bench = Workbench(tmp_path)
    bench.send_through(Gateways([gateway(kannel)]))
    with pytest.raises(SmsNotSent, match="has queued the message: its message centre is away"):
        bench.open(digest("one"))
    phone = PhoneAtCentre(kannel)
    try:
        late = phone.messages(1)[0][2][-8:]
        view = bench.open(digest("one"))
        with pytest.raises(CodeWrong):
            bench.ask(SubmitCode(view.transaction, "portal-a", late))
        assert bench.ask(SubmitCode(view.transaction, "portal-a", phone.messages(2)[1][2][-8:])).sad
    finally:
        phone.hang_up()


def test_a_message_sent_again_while_the_centre_is_away_leaves_the_first_code_as_it_was(kannel, tmp_path):
    bench = Workbench(tmp_path)
    bench.send_through(Gateways([gateway(kannel)]))
    phone = PhoneAtCentre(kannel)
    view = bench.open(digest("one"))
    code = phone.messages(1)[0][2][-8:]
    phone.hang_up()
    bench.clock.advance(seconds=31)
    _until_away(kannel)
    with pytest.raises(SmsNotSent):
        bench.ask(ResendCode(view.transaction, "portal-a"))
    assert bench.ask(SubmitCode(view.transaction, "portal-a", code)).sad


@pytest.mark.parametrize("posts", [True, False])
def test_the_check_knows_a_right_password_from_a_wrong_one_and_sends_nothing(kannel, posts):
    gateway(kannel, posts=posts).check()
    with pytest.raises(NotDelivered, match="the SMS gateway kannel refuses our user name or password"):
        gateway(kannel, posts=posts, password="not-the-password").check()


def test_delivery_is_reported_and_counted(kannel, phone, tmp_path):
    database = Database(tmp_path / "reports.sqlite")
    database.create(metadata)
    reports = Reports(database)
    server = make_server("127.0.0.1", 0, _quiet_wire(reports, secret := Secret(bytes(32))), handler_class=_Quiet)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        addresses = ReportAddresses(secret, f"http://127.0.0.1:{server.server_port}/sms")
        gateway(kannel, reports=addresses).send(message("@semnare.example.com #11112222"))
        phone.messages(1)
        deadline = time.monotonic() + 20
        while not reports.since(NOW - timedelta(days=1)):
            assert time.monotonic() < deadline
            time.sleep(0.05)
    finally:
        server.shutdown()
        server.server_close()
    (delivery,) = reports.since(NOW - timedelta(days=1))
    assert (delivery.gateway, delivery.delivered, delivery.failed) == ("kannel", 1, 0)


def test_a_kannel_that_is_gone_is_a_clear_word_and_one_that_is_back_works(kannel):
    kannel.stop()
    try:
        with pytest.raises(NotDelivered, match="the SMS gateway kannel cannot be reached: connection refused"):
            gateway(kannel).send(message("@semnare.example.com #11112222"))
    finally:
        kannel.start()
    gateway(kannel).check()


def test_neither_codes_nor_the_password_are_in_any_log_of_kannel__i7(kannel, phone):
    """The last one, after all the others: whatever they sent is looked for."""
    gateway(kannel).send(message("@semnare.example.com #76543210"))
    gateway(kannel, posts=False).send(message("@semnare.example.com #76543210"))
    deadline = time.monotonic() + 20
    while sum(text.endswith("76543210") for _, _, text in phone.messages(0)) < 2 or "Sent SMS" not in kannel.written():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    written = kannel.written()
    for secret in ("76543210", "48291357", "11112222", PASSWORD, "not-the-password", "40722000111", "Amprenta"):
        assert secret not in written


def _until_away(kannel: Kannel) -> None:
    """Return when Kannel has seen that its message centre is gone."""
    deadline = time.monotonic() + 20
    while True:
        try:
            gateway(kannel).send(message("@semnare.example.com #11112222"))
        except MessageQueued:
            return
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _quiet_wire(reports: Reports, secret: Secret):
    addresses = ReportAddresses(secret, "http://127.0.0.1/sms")
    return ReportWire(addresses, reports, [ip_network("127.0.0.1")], FakeClock(NOW + timedelta(seconds=3)))


class _Quiet(WSGIRequestHandler):
    def log_message(self, *_args) -> None:
        pass
