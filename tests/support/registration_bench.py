"""Registration on the workbench: the real SAM and the real CA, which know each other, keys in memory."""

from __future__ import annotations

from pathlib import Path

from cryptography import x509
from sqlalchemy import text

from ca.client import CaClient
from core.algorithms import KeyType
from ra.applicant import Applicant
from ra.enrolment import Account, Enrolment, Enrolments
from ra.renewal import Renewals
from ra.revocation import StatusRequests
from signer.sam.client import SamAdmin
from signer.sam.protocol import ADMIN, DescribeCredential
from tests.support.ca_bench import CaBench
from tests.support.clocks import FakeClock
from tests.support.in_process import US, InProcess
from tests.support.sam_bench import Workbench

ACCOUNT = Account(client="portal-a", account="stefanita")


def applicant(**changes: str) -> Applicant:
    """Return a vetted person, but for `changes`."""
    person = {
        "given_name": "Ștefăniță",
        "surname": "Brânză-Țuțea",
        "national_id": "5010203400018",
        "phone": "+40722000333",
        "email": "stefanita@example.com",
    }
    return Applicant(**(person | changes))


def other(number: int) -> tuple[Applicant, Account]:
    """Return another person, one for each number below a hundred."""
    person = applicant(national_id=f"60203044000{number:02}", phone=f"+407220004{number:02}")
    return person, Account(client="portal-b", account=f"other-{number}")


class RegistrationBench:
    """A SAM, a CA, and what registration does with them. Every message is encoded as on the wire."""

    def __init__(self, folder: Path, clock: FakeClock | None = None, **ca: object) -> None:
        self.sam = Workbench(folder, clock=clock)
        self.clock = self.sam.clock
        self.ca = CaBench(folder / "state", clock=self.clock, sam_key=self.sam.keys.attestation, **ca)
        self.ca_client = CaClient(self.ca.caller)
        self.trust(self.ca.made.issuing)

    def trust(self, issuing_der: bytes) -> None:
        """Have the SAM trust this issuing CA."""
        self.sam.ca.certificate = x509.load_der_x509_certificate(issuing_der)
        self.start()

    def start(self) -> None:
        """Start the SAM, again if it runs."""
        self.sam.sam = self.sam.start()
        self.admin = InProcess(ADMIN, self.sam.sam.admin_server(US))
        self.sam_admin = SamAdmin(self.admin)

    def enrolments(self, key_type: KeyType = KeyType.EC_P256) -> Enrolments:
        return Enrolments(self.sam_admin, self.ca_client, key_type)

    @property
    def renewals(self) -> Renewals:
        return Renewals(self.sam_admin, self.enrolments())

    @property
    def requests(self) -> StatusRequests:
        return StatusRequests(self.sam_admin, self.ca.admin)

    def enrol(self, person: Applicant | None = None, account: Account = ACCOUNT, **more: object) -> Enrolment:
        """Enrol a person with a P-256 key."""
        return self.enrolments().enrol(person or applicant(), account, **more)

    def view(self, made: Enrolment, client: str = "portal-a"):
        """Return what a portal sees of a credential."""
        return self.sam.ask(DescribeCredential(client, made.credential))

    def state(self, credential: str) -> str:
        """Return a credential's state in the SAM."""
        return self.column("state", credential)

    def column(self, name: str, credential: str):
        """Return a column of a credential's row."""
        with self.sam.database.reading() as connection:
            wanted = text(f"SELECT {name} FROM credentials WHERE credential = :credential")
            return connection.scalar(wanted, {"credential": credential})

    @property
    def events(self) -> list[str]:
        """Return what the SAM's evidence tells, oldest first."""
        with self.sam.database.reading() as connection:
            return list(connection.scalars(text("SELECT event FROM evidence ORDER BY id")))


def serial_of(made: Enrolment) -> str:
    """Return the serial number of an enrolment's certificate, 40 hexadecimal digits."""
    return f"{x509.load_der_x509_certificate(made.certificate).serial_number:040x}"
