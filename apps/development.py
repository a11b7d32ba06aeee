"""What a development installation has beyond an empty one: the portal registered as a client, and one demo citizen.

Done again at every start, and harmless then: what is there already stays. It takes the same paths as the commands.
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from api.oauth.clients import Registration
from apps.clients import add_client
from apps.enrolment import enrolments, vetted
from apps.files import replace_secret, write_secret
from core.entropy import SystemEntropy, new_token
from portal import accounts
from portal.clock import SystemClock as PortalClock
from portal.database import Database as PortalDatabase
from portal.entropy import SystemEntropy as PortalEntropy
from portal.keys import load_keys, public_request_key
from portal.settings import RETURN_PATH
from ra.applicant import Application
from ra.enrolment import Account
from signer.sam.errors import AlreadyApproved, AlreadyEnrolled

if TYPE_CHECKING:
    from core.config import Settings

EMAIL: Final = "ana.popescu@example.com"
GIVEN_NAME: Final = "Ana-Ioana"
SURNAME: Final = "Pățcă Țurcanu"
PHONE: Final = "+40712345678"
NATIONAL_ID: Final = "2900101400016"  # its check digit is wrong on purpose: nobody has it


@dataclass(frozen=True, slots=True)
class Demonstration:
    """The demo citizen, as she signs in to the portal."""

    email: str
    password: str = field(repr=False)
    phone: str = PHONE
    name: str = f"{GIVEN_NAME} {SURNAME}"


def provision(settings: Settings) -> Demonstration:
    """Register the portal and enrol the demo citizen, unless that was done; return how she signs in.

    Raises:
        DomainError, PortalError: a zone refused.
    """
    client = _portal_client(settings)
    notes = settings.zone_dir("portal") / "demo.json"
    if not notes.exists():
        write_secret(notes, json.dumps({"password": new_token(SystemEntropy())[:16], "enrolled": False}).encode())
    known = json.loads(notes.read_bytes())
    if not known["enrolled"]:
        _enrol(settings, client, _account(settings, known["password"]))
        replace_secret(notes, json.dumps({**known, "enrolled": True}).encode())
    return Demonstration(EMAIL, known["password"])


def _enrol(settings: Settings, client: str, account: str) -> None:
    application = Application(given_name=GIVEN_NAME, surname=SURNAME, national_id=NATIONAL_ID, phone=PHONE, email=EMAIL)
    registration = enrolments(settings)
    with suppress(AlreadyEnrolled):  # an earlier start came so far and no further
        try:
            registration.enrol(vetted(settings, application), Account(client=client, account=account))
        except AlreadyApproved as waiting:  # or not even so far
            registration.activate(waiting.detail)


def _portal_client(settings: Settings) -> str:
    """Return the portal's client id; register it as any city's portal would be."""
    folder = settings.zone_dir("portal")
    path = folder / "client.json"
    if not path.exists():
        redirect_uri = settings.portal.public_origin + RETURN_PATH
        registration = Registration(settings.portal.city, (redirect_uri,), request_key=public_request_key(folder))
        new = add_client(settings, registration, settings.portal.sms_name)
        write_secret(path, json.dumps({"client_id": new.client, "client_secret": new.secret}).encode())
    return str(json.loads(path.read_bytes())["client_id"])


def _account(settings: Settings, password: str) -> str:
    """Return the id of the citizen's account at the portal; make it if it is not there."""
    try:
        return accounts.add(settings.state_dir, EMAIL, password, f"{GIVEN_NAME} {SURNAME}")
    except accounts.AccountRefused:
        folder = settings.zone_dir("portal")
        database = PortalDatabase(folder / "db.sqlite")
        known = accounts.Accounts(database, load_keys(folder), PortalClock(), PortalEntropy()).find(EMAIL)
        database.close()
        if known is None:
            raise
        return known.id
