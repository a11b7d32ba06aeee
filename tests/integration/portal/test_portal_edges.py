"""What every answer carries, and what every request needs (attacks Z4, Z5, Z14; pages §2)."""

from __future__ import annotations

import base64
import hashlib
import json
import re

import pytest

from portal.keys import SecretMissing
from tests.support.portal_browser import ORIGIN, Browser, make_portal, pdf, settings

PAGES = ("/sign-in", "/accessibility", "/nope", "/static/init.js", "/style/theme.css", "/health", "/filings")


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("method", ["GET", "POST", "PUT"])
def test_every_answer_carries_the_security_headers__z4(portal_app, path, method):
    answer = portal_app.test_client().open(path, method=method, base_url=ORIGIN)
    answer.close()
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "camera=()" in answer.headers["Permissions-Policy"]
    if not path.startswith(("/static", "/style")):
        assert answer.headers["Cache-Control"] == "no-store"


def test_every_form_needs_its_token_and_every_page_leaves_things_as_they_are__z5(browser, portal_app):
    filing = browser.begin()
    browser.upload(filing, [("a.pdf", pdf("a"))])
    document = re.search(r"documents/(d-[a-z2-7]+)/", browser.page.text)[1]
    routes = [rule for rule in portal_app.url_map.iter_rules() if rule.endpoint != "static"]
    assert len(routes) >= 18
    before = browser.get(filing).text
    for rule in routes:
        path = rule.rule.replace("<filing>", filing.rsplit("/", 1)[1]).replace("<document>", document)
        if "POST" in rule.methods:
            assert browser.client.post(path, base_url=ORIGIN).status_code == 400, path
        else:
            for _ in range(2):
                browser.client.get(path, base_url=ORIGIN).close()
    assert _without_tokens(browser.get(filing).text) == _without_tokens(before)


def _without_tokens(page: str) -> str:
    return re.sub(r'value="[^"]{60,}"', "", page)


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "https://localhost:8600", ""])
def test_a_form_from_another_origin_is_refused(browser, origin):
    browser.get("/filings")
    data = {"csrf_token": browser.csrf(), "key": "x"}
    answer = browser.client.post("/filings", data=data, base_url=ORIGIN, headers={"Origin": origin})
    assert answer.status_code == 400
    twin = browser.client.post("/filings", data=data, base_url=ORIGIN, headers={"Origin": ORIGIN})
    assert twin.status_code == 303


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost", "localhost:8601", "127.0.0.1:8600", "localhost:8600.evil.example"]
)
def test_another_host_name_is_refused__z14(portal_app, host):
    answer = portal_app.test_client().get("/sign-in", headers={"Host": host})
    assert answer.status_code == 400
    assert host not in answer.text


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Forwarded-Host": "evil.example"},
        {"X-Forwarded-Proto": "https"},
        {"Forwarded": "host=evil.example;proto=https"},
        {"X-Forwarded-For": "1.2.3.4"},
    ],
)
def test_forwarded_headers_change_nothing__z14(browser, service, headers):
    filing = browser.begin()
    browser.upload(filing, [("a.pdf", pdf("a"))])
    data = {"csrf_token": browser.csrf()}
    answer = browser.client.post(f"{filing}/authorize", data=data, base_url=ORIGIN, headers=headers)
    assert answer.headers["Location"] == f"{filing}/leaving"
    assert [asked["redirect_uri"] for asked in service.pushed.values()] == [f"{ORIGIN}/authorization/return"]


def test_a_page_has_no_inline_style_or_handler_and_one_inline_script_of_the_policys_hash(browser):
    filing = browser.begin()
    browser.upload(filing, [("a.pdf", pdf("a")), ("b.pdf", b"")])
    for page in (browser.page, browser.get(filing), browser.get("/filings"), browser.get("/accessibility")):
        assert not re.search(r'\sstyle="|<style|\son\w+="|javascript:', page.text)
        [script] = re.findall(r"<script>(.*?)</script>", page.text, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in page.headers["Content-Security-Policy"]
        assert len(page.data) <= 15_000


def test_each_page_has_one_heading_and_a_title_of_its_own(browser):
    titles = set()
    filing = browser.begin()
    pages = [browser.page, browser.get("/filings"), browser.get("/accessibility"), browser.get("/nope")]
    for page in pages:
        [heading] = re.findall(r"<h1[^>]*>([^<]+)</h1>", page.text)
        [title] = re.findall(r"<title>([^<]+)</title>", page.text)
        assert title == f"{heading} \N{EN DASH} Cereri și semnături \N{EN DASH} Primăria Sectorului 3"
        titles.add(title)
    assert len(titles) == len(pages)
    assert filing


def test_health_answers_by_any_name_and_needs_the_database(portal_app):
    answer = portal_app.test_client().get("/health", base_url="http://127.0.0.1:8600")
    assert json.loads(answer.data) == {"status": "ok"}


def test_a_portal_without_its_secrets_does_not_start(tmp_path):
    from portal.app import create_app

    (tmp_path / "portal").mkdir()
    with pytest.raises(SecretMissing):
        create_app(settings(tmp_path, "http://127.0.0.1:1"))


def test_a_portal_that_is_not_connected_says_so_and_picks_it_up_later(tmp_path, service):
    from portal import accounts
    from tests.support.portal_browser import EMAIL, NAME, PASSWORD, connect

    app = make_portal(tmp_path, service.url)
    accounts.add(tmp_path, EMAIL, PASSWORD, NAME)
    browser = Browser(app)
    browser.sign_in()
    filing = browser.begin()
    browser.upload(filing, [("a.pdf", pdf("a"))])
    page = browser.post(f"{filing}/authorize")
    assert page.status_code == 503
    assert "Portalul nu este încă legat de serviciul de semnare" in page.text
    connect(tmp_path, service)
    assert "Semnat de Ana Pop-Țăran" in browser.sign(filing).text


def test_the_secrets_are_readable_by_their_owner_only_and_made_once(tmp_path):
    from portal.entropy import SystemEntropy
    from portal.keys import make_secrets, public_request_key

    directory = tmp_path / "portal"
    make_secrets(directory, SystemEntropy())
    before = {name: (directory / name).read_bytes() for name in ("secret.key", "request.key")}
    make_secrets(directory, SystemEntropy())
    for name, content in before.items():
        assert (directory / name).read_bytes() == content
        assert (directory / name).stat().st_mode & 0o777 == 0o600
    assert set(json.loads(public_request_key(directory))) == {"kty", "crv", "x", "y"}


def test_no_secret_is_in_the_database_or_the_log(browser, service, tmp_path, caplog):
    caplog.set_level("DEBUG")
    filing = browser.begin()
    browser.upload(filing, [("a.pdf", pdf("a"))])
    back = browser.through_service(browser.authorize(filing))
    tokens = list(service.codes)
    browser.get(back)
    from tests.support.portal_browser import PASSWORD
    from tests.support.standin_service import SECRET

    verifiers = [asked["state"] for asked in service.pushed.values()]
    cookie = browser.client.get_cookie("__Host-portal", domain="localhost").value
    stored = b"".join(path.read_bytes() for path in (tmp_path / "portal").glob("db.sqlite*"))
    secret_key = hashlib.sha256(SECRET.encode()).hexdigest()
    for secret in (*tokens, *service.tokens, *verifiers, cookie, PASSWORD, SECRET, secret_key):
        assert secret.encode() not in stored
    text = "\n".join(record.getMessage() for record in caplog.records if record.name.startswith("portal"))
    for secret in (*tokens, *service.tokens, cookie, PASSWORD, SECRET):
        assert secret not in text
