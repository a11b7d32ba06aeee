"""An issuing key is rotated while the zones run; a backup is made; everything is destroyed, restored, and signs again.

openssl judges certificates, lists and OCSP answers of both generations, fetched from the running zones.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import Certificate, load_der_x509_certificate, load_der_x509_crl, load_pem_x509_certificate
from cryptography.x509.oid import NameOID

from apps.custody.restore import Restoration
from apps.development import provision
from apps.enrolment import enrolments, vetted
from apps.health import listen_address
from apps.journey import Journey, Report
from apps.judges import signatory_pem
from apps.supervisor import AlreadyRunning
from ca.acts import AnyAct, UseRoot
from ca.admin_protocol import ByAdmin, ByOperator
from ca.client import CaAdmin, CaControl
from ca.protocol import CA_ADMIN
from channel.client import Channel
from core.config import Settings
from ra.applicant import Application
from ra.enrolment import Account
from ra.revocation import StatusRequests
from signer.sam.client import SamAdmin
from signer.sam.protocol import ADMIN
from tests.support.deciding import sign_in_of
from tests.support.instance import Instance, make_instance

pytestmark = pytest.mark.slow
SAMPLE = Path("samples/cerere.pdf")


@dataclass
class World:
    """A running instance and a folder of its own for what is fetched and signed."""

    instance: Instance
    folder: Path

    @property
    def settings(self) -> Settings:
        return self.instance.settings

    def paraph(self, *words: str) -> dict:
        return json.loads(self.instance.paraph(*words, "--json").stdout)

    def get(self, path: str, name: str) -> Path:
        """Fetch what certificates point to from the status zone, as DER, and keep it as PEM."""
        data = httpx.get(f"http://{listen_address(self.settings, 'status')}{path}", trust_env=False).raise_for_status()
        kind = "crl" if path.endswith(".crl") else "x509"
        (self.folder / "der").write_bytes(data.content)
        self.run(f"openssl {kind} -inform DER -in der -out {name}")
        return self.folder / name

    def run(self, command: str) -> str:
        done = subprocess.run(command.split(), cwd=self.folder, capture_output=True, text=True, check=False, timeout=60)
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        return done.stdout + done.stderr

    def control(self) -> CaControl:
        return CaControl(Channel(CA_ADMIN, self.settings.socket("ca-admin")))

    def decide(self, act: AnyAct) -> str:
        """Have Elena propose and Mihai approve; return the proposal."""
        first, second = self.session("elena"), self.session("mihai")
        found = self.control().propose(first, act).proposal
        return self.control().approve(second, found.proposal, found.digest).proposal.proposal

    def session(self, name: str) -> str:
        asked = sign_in_of(self.settings, name)
        return self.control().sign_in(asked.name, asked.password, asked.code).session

    def enrol(self, number: int) -> Certificate:
        """Enrol somebody and return the certificate."""
        client = json.loads((self.settings.zone_dir("portal") / "client.json").read_bytes())["client_id"]
        person = Application(
            given_name="Dan",
            surname="Pop",
            national_id=f"18505054000{number}",
            phone=f"+407220001{number}",
            email="dan@example.com",
        )
        account = Account(client=client, account=f"dan-{number}")
        made = enrolments(self.settings).enrol(vetted(self.settings, person), account)
        return load_der_x509_certificate(made.certificate)

    def revoke(self, certificate: Certificate) -> None:
        authority = CaAdmin(Channel(CA_ADMIN, self.settings.socket("ca-admin")), ByAdmin(self.session("elena")))
        sam = SamAdmin(Channel(ADMIN, self.settings.socket("sam-admin")))
        StatusRequests(sam, authority).revoke(f"{certificate.serial_number:x}", "keyCompromise", None)

    def sign(self, name: str) -> Certificate:
        """Sign a document as the demo citizen's browser would; return the certificate that is in it."""
        folder = self.folder / name
        folder.mkdir()
        (signed,) = Journey(self.settings, provision(self.settings), Report()).run([SAMPLE], folder)
        (self.folder / f"{name}.pem").write_bytes(signatory_pem(signed.signed))
        return load_pem_x509_certificate(signatory_pem(signed.signed))

    def status_of(self, issuer: str, certificate: str) -> str:
        """Return what openssl hears of a certificate from the running responder, whose answer it verified."""
        url = f"http://{listen_address(self.settings, 'status')}/ocsp"
        said = self.run(f"openssl ocsp -issuer {issuer} -sha256 -cert {certificate} -url {url} -CAfile root.pem")
        assert "Response verify OK" in said
        return said.partition(f"{certificate}: ")[2].partition("\n")[0]


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    made = make_instance()
    try:
        yield World(made, tmp_path_factory.mktemp("custody"))
    finally:
        made.remove()
        for left in made.folder.parent.glob(f"{made.folder.name}*"):
            shutil.rmtree(left, ignore_errors=True)


def issuer_of(certificate: Certificate) -> str:
    return str(certificate.issuer.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)


def check_both_generations(world: World) -> None:
    """Have openssl verify a certificate, the list and an OCSP answer of each generation."""
    for path, name in (("/ca/root.crt", "root.pem"), ("/crl/root.crl", "root-crl.pem")):
        world.get(path, name)
    for stem, certificate in (("issuing", "old.pem"), ("issuing-g2", "new.pem")):
        world.get(f"/ca/{stem}.crt", f"{stem}.pem")
        world.get(f"/crl/{stem}.crl", f"{stem}-crl.pem")
        lists = (world.folder / f"{stem}-crl.pem").read_text() + (world.folder / "root-crl.pem").read_text()
        (world.folder / "lists.pem").write_text(lists)
        world.run(
            f"openssl verify -x509_strict -crl_check_all -CRLfile lists.pem -CAfile root.pem -untrusted {stem}.pem"
            f" {certificate}"
        )
        world.run(f"openssl crl -in {stem}-crl.pem -CAfile {stem}.pem -noout -verify")
        assert world.status_of(f"{stem}.pem", certificate) == "good"


def number_on(path: Path) -> int:
    said = subprocess.run(["openssl", "crl", "-in", str(path), "-noout", "-crlnumber"], capture_output=True, check=True)
    return int(said.stdout.decode().partition("=")[2], 16)


def test_a_rotation_a_backup_a_disaster_and_a_restore(world: World):
    # 1  A citizen signs under the first generation; the issuing key is rotated while the zones run.
    assert issuer_of(world.sign("old")) == "TEST Natural Person CA G1"
    pids = {zone: world.instance.worker_pids(zone) for zone in ("ca", "sam", "status")}
    proposed = world.paraph("ca", "propose", "rotation", "--as", "elena")["proposal"]["proposal"]
    world.paraph("ca", "approve", proposed, "--yes", "--as", "mihai")
    assert world.paraph("ca", "rotate", "issuing", proposed)["generation"] == 2
    new = world.enrol(18)
    (world.folder / "new.pem").write_bytes(new.public_bytes(Encoding.PEM))
    assert issuer_of(new) == "TEST Natural Person CA G2"

    # 2  openssl accepts both; the old certificate still signs; nothing was started anew.
    check_both_generations(world)
    assert issuer_of(world.sign("old-after")) == "TEST Natural Person CA G1"
    assert {zone: world.instance.worker_pids(zone) for zone in pids} == pids
    assert world.instance.health()["status"] == ""

    proposed = world.decide(UseRoot("issue-root-list"))
    assert world.paraph("ca", "root-list", proposed)["entries"] == 0
    held = world.paraph("ca", "ceremony", "list")
    assert [each["ended"] for each in held] == [True] * 3
    assert "key issuing-g2 was made" in str(world.paraph("ca", "ceremony", "transcript", held[1]["name"]))

    # 3  A backup while they run; then a revocation that it does not know; its list is fetched by somebody else.
    for name, words in (("records", "the first long passphrase"), ("keys", "another long passphrase")):
        (world.folder / name).write_text(words)
        (world.folder / name).chmod(0o600)
    files = [f"--{name}-passphrase-file={world.folder / name}" for name in ("records", "keys")]
    made = world.paraph("ca", "backup", str(world.folder / "backup"), *files)
    assert made["proof"]["credentials"] == 2
    assert made["proof"]["generations"] == 2
    world.revoke(new)
    published = Path(shutil.copytree(world.settings.published(), world.folder / "mirror"))
    before = number_on(world.get("/crl/issuing-g2.crl", "before.pem"))

    # 4  Disaster. While anything answers, nothing is restored.
    with pytest.raises(AlreadyRunning):
        Restoration(world.settings, print).open(world.folder / "backup", dict, None)
    world.instance.stop()
    shutil.rmtree(world.instance.state)
    restored = world.paraph(
        *("ca", "restore", str(world.folder / "backup"), "--published", str(published), "--yes"),
        *("--as", "elena", "--and-as", "mihai", *files),
    )
    assert restored["statuses_learnt"] == [f"{new.serial_number:040x}"]
    assert len(restored["credentials_revoked"]) == 1

    # 5  The revocation is kept, the number did not go back, and the citizen signs again.
    world.instance.start()
    assert number_on(world.get("/crl/issuing-g2.crl", "after.pem")) > before
    after = load_der_x509_crl((world.settings.published() / "issuing-g2.crl").read_bytes())
    assert after.get_revoked_certificate_by_serial_number(new.serial_number) is not None
    assert world.status_of("issuing-g2.pem", "new.pem") == "revoked"
    assert world.status_of("issuing.pem", "old.pem") == "good"
    assert world.sign("again") == load_pem_x509_certificate((world.folder / "old.pem").read_bytes())
    assert CaAdmin(Channel(CA_ADMIN, world.settings.socket("ca-admin")), ByOperator("root")).verify_audit().rows > 0
    assert issuer_of(world.enrol(26)) == "TEST Natural Person CA G2"
