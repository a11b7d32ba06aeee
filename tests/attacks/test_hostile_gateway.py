"""Who runs the SMS gateway reads codes, and answers what they like (attacks §13: Y1 to Y5)."""

from __future__ import annotations

import json
import ssl
import time
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from core.factors import CodeWrong, SmsNotSent, ThrottledUntil
from core.secret import Secret
from otp.delivery.exchange import Answer, Request
from otp.delivery.gateways import Gateways
from otp.delivery.kannel import Access, KannelGateway
from otp.delivery.ports import MessageRefused, NotDelivered, Sms
from otp.sms import SEGMENT, septets
from signer.sam.errors import TransactionUnknown
from signer.sam.protocol import RegisterPortal, ResendCode, ShowTransaction, SubmitCode
from tests.support.allowances import used
from tests.support.misbehaving_gateway import MisbehavingGateway
from tests.support.sam_bench import Workbench, digest
from tests.support.written_log import log_written

ONE = digest("one")
PASSWORD = "app-secret"  # what the gateway's answers repeat
SECONDS = 0.4
NEVER_ACCEPTED = [
    "queues", "knows_us_not", "routes_nothing", "hangs", "slams", "fails_with_a_script", "echoes", "redirects", "cuts_short",
    "talks_nonsense", "floods", "floods_in_chunks", "floods_its_head", "drips_its_head", "drips_its_body",
    "says_continue_for_ever",
]  # fmt: skip
CERTAINLY_NOT_SENT = {"knows_us_not", "routes_nothing", "redirects"}


@pytest.fixture
def gateway():
    made = MisbehavingGateway()
    yield made
    made.stop()


@pytest.fixture
def fallback():
    made = MisbehavingGateway()
    yield made
    made.stop()


def kannel(gateway, name="first", *, posts=True, seconds=SECONDS):
    return KannelGateway(name, Access(gateway.url, "paraph", Secret(PASSWORD.encode()), "", posts, seconds), None)


@pytest.fixture
def bench(tmp_path):
    return Workbench(tmp_path)


DAY = timedelta(days=1)
NOW = datetime(2026, 1, 1, tzinfo=UTC)
SMS = Sms("+40722000111", "Paraph", "Cod: 48291357", "t-1-0-1", NOW, NOW + timedelta(minutes=5))


def codes_counted(bench) -> int:
    return sum(len(each.codes) for each in used(bench.database))


def live_codes(bench) -> int:
    with bench.database.reading() as connection:
        return connection.exec_driver_sql("SELECT count(*) FROM challenges WHERE state = 'live'").scalar_one()


def guesses(bench) -> int:
    with bench.database.reading() as connection:
        return connection.exec_driver_sql("SELECT count(*) FROM guesses").scalar_one()


# -- Y2, Y4: answers that are none ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("behaves", NEVER_ACCEPTED)
def test_whatever_it_answers_no_code_stays_live_no_try_is_spent_and_nothing_is_logged__y2_y4(bench, gateway, behaves):
    gateway.behaves = behaves
    bench.send_through(Gateways([kannel(gateway)]))
    with log_written() as log:
        began = time.monotonic()
        with pytest.raises(SmsNotSent) as refusal:
            bench.open(ONE)
        took = time.monotonic() - began
    assert took < SECONDS + 3  # seconds of a busy machine; a drip would last for ever
    assert gateway.sent < 4_000_000  # what lies in buffers; the flood would be a thousand million
    (asked,) = gateway.asked  # once, and no redirect followed
    assert live_codes(bench) == guesses(bench) == 0
    assert codes_counted(bench) == (behaves not in CERTAINLY_NOT_SENT)  # what may arrive counts (P11)
    for said in (log.getvalue(), str(refusal.value), refusal.value.detail):
        for secret in (asked.code, PASSWORD, "40722000111", "alert(", "\x1b"):
            assert secret not in said
    assert "the SMS gateway first " in refusal.value.detail

    gateway.behaves = "accepts"  # the twin, and the late message of the first
    view = bench.open(digest("two"))
    with pytest.raises(CodeWrong):
        bench.ask(SubmitCode(view.transaction, "portal-a", asked.code))
    assert live_codes(bench) == 1
    assert bench.ask(SubmitCode(view.transaction, "portal-a", gateway.asked[-1].code)).sad


@pytest.mark.parametrize("behaves", ["hangs", "drips_its_body", "fails_with_a_script", "queues"])
def test_the_next_gateway_sends_the_same_code__y2(bench, gateway, fallback, behaves):
    gateway.behaves = behaves
    bench.send_through(Gateways([kannel(gateway), kannel(fallback, "second")]))
    view = bench.open(ONE)
    assert gateway.asked[0].text == fallback.asked[0].text
    assert live_codes(bench) == 1
    assert bench.ask(SubmitCode(view.transaction, "portal-a", gateway.asked[0].code)).sad


def test_a_message_sent_again_through_a_failing_gateway_leaves_the_first_code_live__y2(bench, gateway):
    bench.send_through(Gateways([kannel(gateway)]))
    view = bench.open(ONE)
    for behaves in ("hangs", "knows_us_not"):
        gateway.behaves = behaves
        bench.clock.advance(seconds=61)
        with pytest.raises(SmsNotSent):
            bench.ask(ResendCode(view.transaction, "portal-a"))
    assert {asked.code for asked in gateway.asked} == {gateway.asked[0].code}
    stands = bench.ask(ShowTransaction(view.transaction, "portal-a"))
    assert (stands.state, stands.tries_left, stands.sends_left) == ("open", 3, 1)  # the one that may arrive counts
    assert bench.ask(SubmitCode(view.transaction, "portal-a", gateway.asked[0].code)).sad


def test_a_gateway_that_hangs_soon_costs_nobody_its_time__y4(bench, gateway):
    gateway.behaves = "hangs"
    now = [0.0]
    bench.send_through(Gateways([kannel(gateway, seconds=0.1)], lambda: now[0]))
    for number in range(5):
        with pytest.raises(SmsNotSent):
            bench.open(digest(str(number)))
        if number >= 2:
            assert gateway.connections == 3
    now[0] = 31
    gateway.behaves = "accepts"
    bench.clock.advance(hours=24, seconds=1)  # three messages that may arrive have counted
    assert bench.open(ONE).state == "open"


def test_a_gateway_that_queues_is_no_way_round_the_limits__p11(bench, gateway):
    gateway.behaves = "queues"
    for number in range(8):
        bench.send_through(Gateways([kannel(gateway)]))  # a new one each time, which does not rest
        with pytest.raises(SmsNotSent if number < 5 else ThrottledUntil):
            bench.open(digest(str(number)))
    assert len(gateway.asked) == 5


def test_nobody_listening_is_a_clear_word_and_costs_no_allowance(bench, gateway):
    bench.send_through(Gateways([kannel(gateway)]))
    gateway.stop()
    with pytest.raises(SmsNotSent, match="the SMS gateway first cannot be reached: connection refused"):
        bench.open(ONE)
    assert codes_counted(bench) == 0


# -- the hop: https, or it does not leave the machine (N6) -----------------------------------------------------------------


@pytest.fixture
def certificate(tmp_path):
    """A certificate for 127.0.0.1 that nobody but who pins it trusts; return the file that holds it with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "gateway")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now - DAY, now + DAY)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path / "gateway.pem"
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(private + made.public_bytes(Encoding.PEM))
    return path


def test_a_gateway_whose_certificate_is_not_trusted_gets_neither_code_nor_password__n6(certificate):
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.load_cert_chain(certificate)
    gateway = MisbehavingGateway(tls=server)
    try:
        with pytest.raises(MessageRefused, match="cannot be reached: its certificate is not trusted"):
            KannelGateway("first", over_tls(gateway, ssl.create_default_context()), None).send(SMS)
        assert not gateway.asked
        KannelGateway("first", over_tls(gateway, ssl.create_default_context(cafile=certificate)), None).send(SMS)
        assert len(gateway.asked) == 1
    finally:
        gateway.stop()


def test_a_gateway_that_knows_no_tls_gets_nothing__n6(gateway):
    with pytest.raises(MessageRefused, match="cannot be reached"):
        KannelGateway("first", over_tls(gateway, ssl.create_default_context()), None).send(SMS)
    assert not gateway.asked


def over_tls(gateway, tls) -> Access:
    url = f"https://127.0.0.1:{gateway.port}/cgi-bin/sendsms"
    return Access(url, "paraph", Secret(PASSWORD.encode()), "", posts=True, seconds=2.0, tls=tls)


# -- Y1: a code in other hands -------------------------------------------------------------------------------------------


def test_a_code_read_at_the_gateway_opens_nothing_for_another_client__y1(bench, gateway):
    bench.send_through(Gateways([kannel(gateway)]))
    view = bench.open(ONE)
    stolen = gateway.asked[0].code
    with pytest.raises(TransactionUnknown):
        bench.ask(SubmitCode(view.transaction, "portal-b", stolen))
    own = bench.open(ONE, client="portal-b", account="bogdan")
    with pytest.raises(CodeWrong):  # tried in a transaction of their own it is wrong, and counted
        bench.ask(SubmitCode(own.transaction, "portal-b", stolen))
    assert guesses(bench) == 1
    assert bench.ask(SubmitCode(view.transaction, "portal-a", stolen)).sad


# -- Y5: the text arrives as it is ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("posts", [True, False])
@pytest.mark.parametrize(
    "name",
    [
        "Primaria Sectorului 3", "A&to=+40999", "100 % {0} %(x)s %d", "x#12345678", "+40 = ?a=b;c", "Ñ É ¿ § £ Ø",
        "\\n %0A \\", "@evil.example", "'\"<b>",
    ],
)  # fmt: skip
def test_the_text_is_whole_at_the_gateway_whatever_the_name__y5(gateway, bench, name, posts):
    bench.send_through(Gateways([kannel(gateway, posts=posts)]))
    jwk = json.dumps(bench.request_keys["portal-a"].as_dict(private=False))
    bench.admin(RegisterPortal("portal-a", "Primăria", name, jwk))
    view = bench.open(ONE)
    (asked,) = gateway.asked
    to = asked.headers.get("x-kannel-to") or asked.query["to"]
    assert to == "+40722000111"
    assert asked.text.splitlines()[-1] == f"@semnare.example.com #{asked.code}"
    assert asked.text == (
        f"Semnati 1 document pentru {name}. Amprenta {view.fingerprint}, ca in pagina. Nu dati codul nimanui. "
        f"Cod: {asked.code}\n@semnare.example.com #{asked.code}"
    )
    assert septets(asked.text) <= SEGMENT
    assert bench.ask(SubmitCode(view.transaction, "portal-a", asked.code)).sad


def test_code_and_password_are_not_in_the_address_of_a_post(gateway, bench):
    bench.send_through(Gateways([kannel(gateway)]))
    bench.open(ONE)
    assert gateway.asked[0].path == "/cgi-bin/sendsms"


def test_a_message_is_valid_as_long_as_its_code(gateway, bench):
    """A gateway that keeps it longer would deliver a code that opens nothing."""
    bench.send_through(Gateways([kannel(gateway)]))
    bench.open(ONE)
    assert gateway.asked[0].headers["x-kannel-validity"] == "5"


def test_no_representation_of_a_message_or_a_request_shows_what_is_in_it(gateway):
    asked, answered = Request("GET", "http://x/?password=app-secret"), Answer(200, b"48291357")
    shown = f"{SMS} {asked} {answered} {kannel(gateway)._access}"
    for secret in ("48291357", "app-secret", "40722"):
        assert secret not in shown


# -- what the doctor is told ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("behaves", "words"),
    [
        ("knows_us_not", "refuses our user name or password"),
        ("hangs", "does not answer: not in time"),
        ("talks_nonsense", "does not answer: what it answers is not HTTP, or ends too early"),
        ("routes_nothing", "answers 403 where sendsms says 400; is its address right?"),
        ("redirects", "answers 302 where sendsms says 400; is its address right?"),
    ],
)
def test_what_is_wrong_with_a_gateway_is_said_in_plain_words(gateway, behaves, words):
    gateway.behaves = behaves
    with pytest.raises(NotDelivered) as refusal:
        kannel(gateway).check()
    assert refusal.value.detail == f"the SMS gateway first {words}"
    assert gateway.asked[0].text == ""


@pytest.mark.parametrize("posts", [True, False])
def test_a_gateway_that_knows_us_passes_the_check_and_sends_nothing(gateway, posts):
    kannel(gateway, posts=posts).check()
    (asked,) = gateway.asked
    assert "to" not in asked.query
    assert "x-kannel-to" not in asked.headers
