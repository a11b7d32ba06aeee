"""Zones that send through a real Kannel, chosen by settings alone, with the development phone as none of them."""

from __future__ import annotations

import re
import time
from dataclasses import replace

import pytest

from apps import sam
from apps.doctor import examine
from apps.health import check
from apps.ports import free_ports
from apps.run import zones_of
from core.config import BadSettings
from core.factors import SmsNotSent
from signer.sam.protocol import SubmitCode
from tests.support.fake_web import FakeWeb, sha256
from tests.support.instance import make_instance, running
from tests.support.kannel import PASSWORD, Kannel, PhoneAtCentre
from tests.support.misbehaving_gateway import MisbehavingGateway

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("kannel")]


@pytest.fixture
def kannel(tmp_path):
    made = Kannel(tmp_path / "k")
    yield made
    made.stop()


@pytest.fixture(scope="module")
def fresh():
    made = make_instance(start=False)
    yield made
    made.remove()


@pytest.fixture
def gateway():
    made = MisbehavingGateway()
    yield made
    made.stop()


def laid_over(instance, *settings):
    """Return the instance's installation with more settings."""
    return replace(instance.installation, settings_laid_over=(*instance.installation.settings_laid_over, *settings))


def password_file(instance, content=PASSWORD, mode=0o600):
    path = instance.state / "kannel.password"
    path.write_text(f"{content}\n")
    path.chmod(mode)
    return path


def through(path, *gateways) -> str:
    """Return the setting that names these gateways, given as (name, url)."""
    blocks = ", ".join(
        f'{{ kind = "kannel", name = "{name}", url = "{url}", username = "paraph", password_file = "{path}" }}'
        for name, url in gateways
    )
    return f"sms.gateways=[{blocks}]"


def found(installation, *, wrong: bool) -> str:
    return "\n".join(finding.text for finding in examine(installation) if finding.wrong is wrong)


def test_a_code_goes_through_kannel_and_its_delivery_is_reported(fresh, kannel):
    (port,) = free_ports(1)
    installation = laid_over(
        fresh, through(password_file(fresh), ("kannel", kannel.url)), f"sms.reports_listen=127.0.0.1:{port}",
        f"sms.reports_url=http://127.0.0.1:{port}/sms",
    )  # fmt: skip
    settings = installation.settings()
    assert zones_of(settings) == ("sam", "ca", "preflight", "status", "web", "portal", "reports")
    phone = PhoneAtCentre(kannel)
    try:
        with running(installation, "sam", "ca", "reports"):
            web = FakeWeb(settings)
            view = web.open(sha256("one"))
            ((_, to, text),) = phone.messages(1)
            assert to == web.phones["ana"]
            code = re.search(r"#(\d{8})$", text)[1]
            authorised = web.ask(SubmitCode(view.transaction, web.home("ana"), code))
            assert web.sign(authorised.sad, sha256("one"))
            assert list(settings.outbox().iterdir()) == []
            deadline = time.monotonic() + 20
            told = "kannel reported on 3 messages in a day: 3 delivered"  # two new certificates, and the code
            while told not in found(installation, wrong=False):
                assert time.monotonic() < deadline
                time.sleep(0.1)
            assert "The SMS gateway kannel would take messages." in found(installation, wrong=False)
            kannel.stop()
            with pytest.raises(SmsNotSent):
                web.open(sha256("two"))
            assert "the SMS gateway kannel cannot be reached: connection refused" in check(settings, "sam")
            assert "The SMS gateway kannel cannot be reached" in found(installation, wrong=True)
    finally:
        phone.hang_up()
    logs = "".join(path.read_text() for path in (settings.state_dir / "logs").glob("*.log"))
    assert '"event":"message accepted"' in logs
    report_secret = (settings.zone_dir("reports") / "reports.key").read_bytes()
    for secret in (code, PASSWORD, to, report_secret.hex(), "/sms/kannel/"):
        assert secret not in logs.replace("/sms/kannel/…", "")


@pytest.mark.parametrize(
    ("behaves", "words"),
    [
        ("knows_us_not", "The SMS gateway first refuses our user name or password. See sms.gateways."),
        ("fails_with_a_script", "The SMS gateway first answers 500 where sendsms says 400; is its address right?."),
    ],
)
def test_the_doctor_says_what_is_wrong_with_each_gateway(fresh, gateway, behaves, words):
    gateway.behaves = behaves
    installation = laid_over(
        fresh, through(password_file(fresh), ("first", gateway.url), ("second", "http://127.0.0.1:9/"))
    )
    assert words in found(installation, wrong=True)
    assert "The SMS gateway second cannot be reached: connection refused." in found(installation, wrong=True)
    gateway.behaves = "accepts"
    assert "The SMS gateway first would take messages." in found(installation, wrong=False)


@pytest.mark.parametrize(
    ("content", "mode", "words"),
    [
        (PASSWORD, 0o644, "can be read or changed by other users"),
        ("", 0o600, "one line of printable ASCII is expected"),
        ("a\nb", 0o600, "one line of printable ASCII is expected"),
        ("parolă", 0o600, "one line of printable ASCII is expected"),
    ],
)
def test_a_password_file_is_its_owners_and_holds_one_line(fresh, gateway, content, mode, words):
    installation = laid_over(fresh, through(password_file(fresh, content, mode), ("first", gateway.url)))
    assert words in found(installation, wrong=True)
    assert not gateway.asked


def test_a_missing_password_file_is_named_and_its_content_is_nowhere(fresh, gateway):
    installation = laid_over(fresh, through("/nowhere/password", ("first", gateway.url)))
    assert "/nowhere/password: no such file or directory" in found(installation, wrong=True)
    installation = laid_over(fresh, through(password_file(fresh), ("first", gateway.url)))
    assert PASSWORD not in repr(installation.settings())
    assert PASSWORD not in found(installation, wrong=False)


def test_the_outbox_is_refused_where_the_service_is_public(fresh):
    public = ("service.public_origin=https://sign.example.com", "portal.public_origin=https://portal.example.com")
    with pytest.raises(BadSettings, match="development outbox"):
        sam.zone(laid_over(fresh, *public).settings())
    mixed = through("/etc/p", ("first", "https://sms.example.com/"))[:-1] + ', { kind = "outbox" }]'
    with pytest.raises(BadSettings, match="development outbox"):
        sam.zone(laid_over(fresh, *public, mixed).settings())
    real = laid_over(fresh, *public, through("/etc/p", ("first", "https://sms.example.com/"))).settings()
    assert sam.zone(real).name == "sam"
    assert "phone" not in zones_of(real)
