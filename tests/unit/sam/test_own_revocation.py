"""A signatory revokes their own certificate: through the real SAM and the real CA, every message as on the wire."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest

from ca.protocol import AlreadyRevoked, OrderInvalid
from core.algorithms import HashAlgorithm, SignatureAlgorithm
from core.errors import RecordTampered, Unavailable
from core.factors import (
    ChallengeClosed,
    CodeExpired,
    CodeMalformed,
    CodeWrong,
    SigningStopped,
    SmsNotSent,
    ThrottledUntil,
)
from core.types import Dtbsr
from signer.own_revocation import OwnRevocationService, carry_orders
from signer.sam.client import SamClient
from signer.sam.errors import TransactionClosed
from signer.sam.protocol import SAM, AcknowledgeOrder, MakeKey
from tests.support.in_process import US, InProcess
from tests.support.registration_bench import RegistrationBench, other, serial_of
from tests.support.sam_bench import digest

CNP, PHONE = "5010203400018", "+40722000333"
ONE = digest("one")


class Bench(RegistrationBench):
    """Registration, one signatory, and what `web` holds of SAM and CA."""

    def __init__(self, folder) -> None:
        super().__init__(folder)
        self.made = self.enrol()
        self.sam.credentials["stefanita"] = self.made.credential
        self.sam.phone.notices.clear()
        self.web = InProcess(SAM, self.sam.sam.server(US))
        self.service = OwnRevocationService(SamClient(self.web), self.ca_client)

    def begin(self, cnp=CNP, phone=PHONE, language="ro") -> str:
        return self.service.begin(cnp, phone, language).request

    @property
    def states(self) -> tuple[str, str]:
        serial = serial_of(self.made)
        return self.state(self.made.credential), self.ca.admin.describe(serial).status

    def carry(self) -> None:
        """Make the operator's round."""
        carry_orders(self.sam_admin, self.ca_client)

    def wrong(self) -> str:
        return f"{(int(self.sam.phone.code) + 1) % 10**8:08}"


@pytest.fixture
def bench(tmp_path):
    return Bench(tmp_path)


def test_the_right_code_revokes_the_credential_and_the_certificate(bench):
    request = bench.begin()
    assert bench.sam.phone.messages[-1].to == PHONE
    assert bench.service.confirm(request, bench.sam.phone.code)
    assert bench.states == ("revoked", "revoked")
    assert bench.column("length(wrapped_key)", bench.made.credential) == 0
    assert bench.ca.admin.describe(serial_of(bench.made)).reason == "unspecified"
    assert [sms.text[:50] for sms in bench.sam.phone.notices] == ["Paraph: certificatul dvs. de semnare a fost revoca"]


@pytest.mark.parametrize(
    ("language", "says"),
    [("ro", "Revocati definitiv certificatul de semnare."), ("en", "You revoke your signing certificate for good.")],
)
def test_the_message_says_what_the_code_does(bench, language, says):
    bench.begin(language=language)
    text = bench.sam.phone.messages[-1].text
    assert text.startswith(says)
    assert text.endswith(f"\n@semnare.example.com #{bench.sam.phone.code}")


def test_an_authorisation_given_before_signs_nothing_after(bench):
    sad = bench.sam.authorise(ONE, account="stefanita").sad
    bench.service.confirm(bench.begin(), bench.sam.phone.code)
    with pytest.raises(TransactionClosed):
        bench.sam.sign_hashes(sad, ONE, account="stefanita")
    assert ONE not in bench.sam.uses


def test_the_code_opens_no_signature_and_a_signing_code_revokes_nothing(bench):
    view = bench.sam.open(ONE, account="stefanita")
    signing_code = bench.sam.phone.code
    request = bench.begin()
    with pytest.raises(CodeWrong):
        bench.service.confirm(request, signing_code)
    assert bench.states == ("active", "good")
    assert bench.service.confirm(request, bench.sam.phone.code)
    assert view.state == "open"


# -- who asks learns nothing ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cnp", "phone"), [("6020304400019", PHONE), (CNP, "+40722000444"), ("6020304400019", "+40722000444")]
)
def test_a_description_that_fits_nobody_is_answered_alike_and_sends_nothing(bench, cnp, phone):
    honest, blind = bench.service.begin(CNP, PHONE, "ro"), bench.service.begin(cnp, phone, "ro")
    assert len(bench.sam.phone.messages) == 1
    assert honest.code_expires_at == blind.code_expires_at
    for tries_left in (2, 1):
        with pytest.raises(CodeWrong) as refusal:
            bench.service.confirm(blind.request, bench.sam.phone.code)
        assert refusal.value.tries_left == tries_left
    with pytest.raises(SigningStopped):
        bench.service.confirm(blind.request, bench.sam.phone.code)
    assert bench.states == ("active", "good")


def test_a_persons_codes_of_the_day_run_out_unnoticed_and_signing_goes_on(bench):
    for _ in range(8):
        assert bench.begin()
    assert len(bench.sam.phone.messages) == 5
    assert bench.sam.authorise(ONE, account="stefanita").sad  # the allowance of signing codes is another (attack W15)
    bench.clock.advance(days=1)
    assert bench.service.confirm(bench.begin(), bench.sam.phone.code)


def test_spent_signing_codes_do_not_keep_a_signatory_from_revoking(bench):
    for _ in range(5):
        bench.sam.open(ONE, account="stefanita")
    with pytest.raises(ThrottledUntil):
        bench.sam.open(ONE, account="stefanita")
    assert bench.service.confirm(bench.begin(), bench.sam.phone.code)


def test_a_gateway_that_takes_nothing_is_told_whoever_is_described(bench):
    bench.sam.phone.fails = True
    for cnp in (CNP, "6020304400019"):
        with pytest.raises(SmsNotSent):
            bench.begin(cnp)


# -- the code -------------------------------------------------------------------------------------------------------------


def test_three_wrong_codes_end_a_request(bench):
    request = bench.begin()
    for error in (CodeWrong, CodeWrong, SigningStopped):
        with pytest.raises(error):
            bench.service.confirm(request, bench.wrong())
    with pytest.raises(ChallengeClosed):
        bench.service.confirm(request, bench.sam.phone.code)
    assert bench.states == ("active", "good")
    assert bench.service.confirm(bench.begin(), bench.sam.phone.code)


def test_what_is_no_code_is_not_counted_and_an_old_code_revokes_nothing(bench):
    request = bench.begin()
    with pytest.raises(CodeMalformed):
        bench.service.confirm(request, "12 34")
    bench.clock.advance(minutes=5)
    with pytest.raises(CodeExpired):
        bench.service.confirm(request, bench.sam.phone.code)
    assert bench.states == ("active", "good")


def test_a_code_revokes_once_and_for_its_own_request(bench):
    first = bench.begin()
    code = bench.sam.phone.code
    second = bench.begin()
    with pytest.raises(CodeWrong):
        bench.service.confirm(second, code)
    bench.service.confirm(first, code)
    rows = len(bench.events)
    assert bench.service.confirm(first, code)  # a second press, or a retry after a lost answer
    assert len(bench.events) == rows
    with pytest.raises(ChallengeClosed):
        bench.service.confirm("v-none", code)


def test_who_guesses_in_another_name_does_not_take_this_way_from_them_for_good__w15(bench):
    """Fifteen wrong guesses lock a signatory's signing until a new identification: nobody signs in to guess here."""
    for _ in range(5):
        request = bench.begin()
        for _ in range(3):
            with pytest.raises((CodeWrong, SigningStopped)):
                bench.service.confirm(request, bench.wrong())
    sent = len(bench.sam.phone.messages)
    bench.clock.advance(days=1)
    with pytest.raises(CodeWrong):  # as if nobody were described
        bench.service.confirm(bench.begin(), bench.sam.phone.code)
    assert len(bench.sam.phone.messages) == sent
    assert bench.states == ("active", "good")
    bench.clock.advance(days=31)
    assert bench.service.confirm(bench.begin(), bench.sam.phone.code)
    assert bench.states == ("revoked", "revoked")


def test_a_request_is_forgotten_after_a_day_with_its_challenge(bench):
    bench.begin(), bench.begin("6020304400019")
    bench.clock.advance(days=1, seconds=1)
    bench.begin()
    with bench.sam.database.reading() as connection:
        counts = [
            connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar()
            for table in ("own_revocations", "challenges", "allowances")
        ]
    assert counts == [1, 1, 1]
    marks = bench.sam.marks()
    assert [len(marks.names(table)) for table in ("own_revocations", "challenges", "allowances")] == [1, 1, 1]
    (used,) = marks.names("allowances")
    assert marks.newest(used) == 2  # the person's own codes count for a month


@pytest.mark.parametrize(("table", "name"), [("allowances", "signatory"), ("challenges", "challenge")])
def test_a_row_planted_under_the_name_of_what_counts_makes_nothing_forgotten__d3_g3(bench, table, name):
    bench.begin()
    with bench.sam.database.transaction() as connection:
        (counted,) = connection.exec_driver_sql(f"SELECT {name} FROM {table}").one()
        before = connection.exec_driver_sql(f"SELECT * FROM {table}").all()
        connection.exec_driver_sql("UPDATE own_revocations SET request = ?, opened_at = 0", (counted,))
    with pytest.raises(RecordTampered):
        bench.begin()
    with bench.sam.database.reading() as connection:
        assert connection.exec_driver_sql(f"SELECT * FROM {table}").all() == before


def test_a_suspended_certificate_can_be_revoked_by_its_signatory(bench):
    bench.requests.suspend(serial_of(bench.made))
    assert bench.service.confirm(bench.begin(), bench.sam.phone.code)
    assert bench.states == ("revoked", "revoked")


@pytest.mark.parametrize("change", ["credential", "state", "nonce"])
def test_a_request_rewritten_in_the_database_revokes_nobody(bench, change):
    victim = bench.enrol(*other(1)).credential
    request = bench.begin()
    value = {"credential": victim, "state": "confirmed", "nonce": bytes(16)}[change]
    with bench.sam.database.transaction() as connection:
        connection.exec_driver_sql(f"UPDATE own_revocations SET {change} = ?", (value,))
    with pytest.raises(RecordTampered):
        bench.service.confirm(request, bench.sam.phone.code)
    assert (bench.state(victim), bench.states) == ("active", ("active", "good"))
    assert change == "state" or bench.sam_admin.revocation_orders() == []


# -- the order ------------------------------------------------------------------------------------------------------------


def test_a_ca_that_does_not_answer_gets_the_order_later(bench):
    request = bench.begin()
    bench.ca.caller.down = True
    assert not bench.service.confirm(request, bench.sam.phone.code)
    assert bench.states == ("revoked", "good")  # nothing can be signed any more
    with pytest.raises(Unavailable):
        bench.carry()
    bench.ca.caller.down = False
    bench.carry()
    assert bench.states == ("revoked", "revoked")
    assert bench.sam_admin.revocation_orders() == []


def test_what_web_carried_is_carried_again_until_the_sam_hears_of_it_from_the_operator(bench):
    assert bench.service.confirm(bench.begin(), bench.sam.phone.code)
    assert len(bench.sam_admin.revocation_orders()) == 1
    bench.carry()
    assert bench.sam_admin.revocation_orders() == []
    assert bench.events[-1] == "revocation carried out"


@pytest.mark.parametrize("lost", ["CarryOutRevocation", "AcknowledgeOrder"])
def test_an_answer_that_was_lost_is_made_good_by_carrying_again(bench, order, lost):
    channel = bench.ca.caller if lost == "CarryOutRevocation" else bench.admin
    channel.fails_after = {lost}
    with pytest.raises(Unavailable):
        bench.carry()
    channel.fails_after = set()
    bench.carry()
    assert (bench.states, bench.sam_admin.revocation_orders()) == (("revoked", "revoked"), [])


def test_an_answer_of_the_sam_that_was_lost_still_reaches_the_ca(bench):
    bench.web.fails_after = {"ConfirmOwnRevocation"}
    with pytest.raises(Unavailable):
        bench.service.confirm(bench.begin(), bench.sam.phone.code)
    bench.carry()
    assert bench.states == ("revoked", "revoked")


def test_what_was_revoked_otherwise_meanwhile_needs_nothing_more(bench):
    request = bench.begin()
    bench.requests.revoke(serial_of(bench.made), "keyCompromise")
    assert bench.service.confirm(request, bench.sam.phone.code)
    bench.carry()
    assert bench.ca.admin.describe(serial_of(bench.made)).reason == "keyCompromise"


def test_web_has_no_word_for_orders_that_were_carried_out():
    assert {"AcknowledgeOrder", "ListRevocationOrders"}.isdisjoint(SAM.by_name)


@pytest.fixture
def order(bench):
    """An order that did not reach the CA."""
    bench.ca.caller.down = True
    bench.service.confirm(bench.begin(), bench.sam.phone.code)
    bench.ca.caller.down = False
    (order,) = bench.sam_admin.revocation_orders()
    return order


@pytest.mark.parametrize("change", ["request", "credential", "serial", "confirmed_at", "signature", "naive"])
def test_no_part_of_an_order_can_be_exchanged__attack_w4(bench, order, change):
    victim = bench.enrol(*other(1))
    forged = {
        "request": {"request": "v-other"},
        "credential": {"credential": victim.credential},
        "serial": {"serial": serial_of(victim)},
        "confirmed_at": {"confirmed_at": bench.clock.now() + timedelta(days=1)},
        "signature": {"signature": b""},
        "naive": {"confirmed_at": order.confirmed_at.replace(tzinfo=None)},
    }[change]
    with pytest.raises(OrderInvalid):
        bench.ca_client.carry_out(msgspec.structs.replace(order, **forged))
    assert bench.ca.admin.describe(serial_of(victim)).status == "good"
    assert bench.ca_client.carry_out(order).status == "revoked"


def test_an_order_for_a_certificate_of_another_credential_is_refused(bench, order):
    victim = bench.enrol(*other(1))
    unsigned = msgspec.structs.replace(order, serial=serial_of(victim))
    digest_ = Dtbsr(HashAlgorithm.SHA256, HashAlgorithm.SHA256.new(unsigned.to_be_signed()).digest())
    signature = bench.sam.keys.attestation.sign(digest_, SignatureAlgorithm.ECDSA_SHA256)
    with pytest.raises(OrderInvalid, match="is not of"):
        bench.ca_client.carry_out(msgspec.structs.replace(unsigned, signature=signature))
    assert bench.ca.admin.describe(serial_of(victim)).status == "good"


def test_an_attestation_does_not_pass_for_an_order(bench, order):
    made = bench.sam.admin(MakeKey(bench.enrolments().approve(*other(1)).approval, "ec-p256"))
    with pytest.raises(OrderInvalid):
        bench.ca_client.carry_out(msgspec.structs.replace(order, signature=made.attestation.signature))


def test_an_order_carried_twice_revokes_once(bench, order):
    bench.ca_client.carry_out(order)
    with pytest.raises(AlreadyRevoked):
        bench.ca_client.carry_out(order)


def test_only_what_was_confirmed_can_be_acknowledged(bench):
    request = bench.begin()
    bench.sam.admin(AcknowledgeOrder(request))
    assert bench.service.confirm(request, bench.sam.phone.code)
    with pytest.raises(ChallengeClosed):
        bench.sam.admin(AcknowledgeOrder("v-none"))
