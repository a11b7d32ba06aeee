"""A SAM and a CA on one workbench that know each other, and signatories enrolled with both."""

from __future__ import annotations

from pathlib import Path

from cryptography import x509
from sqlalchemy import text

from ca.client import CaClient
from core.algorithms import KeyType
from ra.applicant import Applicant
from ra.enrolment import Account, Enrolments
from ra.revocation import StatusRequests
from signer.sam.client import SamAdmin
from signer.sam.protocol import ADMIN
from tests.support.ca_bench import CaBench
from tests.support.clocks import FakeClock
from tests.support.in_process import InProcess
from tests.support.sam_bench import Workbench


class ServiceBench:
    """A SAM and a CA that know each other, and one signatory's certificate."""

    def __init__(self, folder: Path, clock: FakeClock | None = None, **ca: object) -> None:
        self.sam = Workbench(folder, clock=clock)
        self.ca = CaBench(folder / "state", clock=self.sam.clock, sam_key=self.sam.keys.attestation, **ca)
        self.sam.ca.certificate = x509.load_der_x509_certificate(self.ca.made.issuing)
        self.sam.sam = self.sam.start()
        self.admin = InProcess(ADMIN, self.sam.sam.admin_server(frozenset({0})))
        self.credential, self.serial = self.enrol("stefanita", "5010203400018", "+40722000333")
        self.requests = StatusRequests(SamAdmin(self.admin), self.ca.admin)

    def enrol(self, account: str, national_id: str, phone: str) -> tuple[str, str]:
        """Enrol a signatory; return credential and serial number."""
        applicant = Applicant(
            given_name="Ștefăniță",
            surname="Brânză-Țuțea",
            national_id=national_id,
            phone=phone,
            email=f"{account}@example.com",
        )
        enrolments = Enrolments(SamAdmin(self.admin), CaClient(self.ca.caller), KeyType.EC_P256)
        enrolled = enrolments.enrol(applicant, Account(client="portal-a", account=account))
        serial = x509.load_der_x509_certificate(enrolled.certificate).serial_number
        return enrolled.credential, f"{serial:040x}"

    def state_of(self, credential: str) -> str:
        """Return a credential's state in the SAM."""
        with self.sam.database.reading() as connection:
            wanted = text("SELECT state FROM credentials WHERE credential = :credential")
            return connection.scalar(wanted, {"credential": credential})

    @property
    def states(self) -> tuple[str, str]:
        """Return the state in the SAM and the status at the CA of the first signatory."""
        return self.state_of(self.credential), self.ca.admin.describe(self.serial).status
