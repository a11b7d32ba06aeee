"""Registration on the workbench, with a signatory enrolled and what changes the status of certificates."""

from __future__ import annotations

from pathlib import Path

from ra.enrolment import Account
from tests.support.clocks import FakeClock
from tests.support.registration_bench import RegistrationBench, applicant, serial_of


class ServiceBench(RegistrationBench):
    """A SAM and a CA that know each other, and one signatory's certificate."""

    def __init__(self, folder: Path, clock: FakeClock | None = None, **ca: object) -> None:
        super().__init__(folder, clock, **ca)
        self.credential, self.serial = self.enrol_as("stefanita", "5010203400018", "+40722000333")

    def enrol_as(self, account: str, national_id: str, phone: str) -> tuple[str, str]:
        """Enrol a signatory; return credential and serial number."""
        person = applicant(national_id=national_id, phone=phone, email=f"{account}@example.com")
        made = self.enrol(person, Account(client="portal-a", account=account))
        return made.credential, serial_of(made)

    @property
    def states(self) -> tuple[str, str]:
        """Return the state in the SAM and the status at the CA of the first signatory."""
        return self.state(self.credential), self.ca.admin.describe(self.serial).status
