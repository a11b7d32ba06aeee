"""A portal beside a stand-in of the signing service."""

from __future__ import annotations

import pytest

from portal import accounts
from tests.support.portal_browser import EMAIL, NAME, PASSWORD, Browser, connect, make_portal
from tests.support.portal_pki import PortalPki
from tests.support.standin_service import StandinService


@pytest.fixture(scope="session")
def pki():
    return PortalPki()


@pytest.fixture(scope="session")
def ana(pki):
    return pki.signatory("Ana", "Pop-Țăran")


@pytest.fixture
def service(pki, ana):
    running = StandinService(pki, ana).start()
    yield running
    running.stop()
    assert running.problems == []


@pytest.fixture
def portal_app(tmp_path, service):
    app = make_portal(tmp_path, service.url)
    connect(tmp_path, service)
    accounts.add(tmp_path, EMAIL, PASSWORD, NAME)
    return app


@pytest.fixture
def browser(portal_app):
    visitor = Browser(portal_app)
    visitor.sign_in()
    return visitor
