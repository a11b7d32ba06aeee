"""`paraph ca` typed at the sockets of a SAM and a CA: every example of every help, and what is refused in which words."""

from __future__ import annotations

import csv
import io
import json
import os
import shlex
import tempfile
from pathlib import Path

import click
import pytest
from click.shell_completion import ShellComplete
from click.testing import CliRunner, Result
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import NameOID

from apps.cli import main
from apps.commands.frame import EXIT_CODES
from apps.installation import DEFAULT_CONFIG
from apps.status_keys import TOKEN_LABEL, certify_part
from ca import acts, tables
from ca.protocol import ListCertificates
from ca.server import admin_server, server
from core.algorithms import KeyType
from core.entropy import SystemEntropy
from hsm.session import Token
from hsm.softhsm import create_token
from tests.support.ca_bench import PASSWORDS
from tests.support.in_process import US
from tests.support.live_sockets import served
from tests.support.service_bench import ServiceBench
from tests.support.software_hsm import SoftwareSigningKey
from tests.support.tokens import MODULE, TEMPLATE

pytestmark = pytest.mark.xdist_group("ca commands")
FOUNDERS = ("elena", "mihai")


class World:
    """A SAM and a CA behind their sockets, two administrators, and a folder to work in."""

    def __init__(self, folder: Path) -> None:
        self.bench = ServiceBench(folder, founders=FOUNDERS)
        self.ca = self.bench.ca
        self.folder = folder / "work"
        self.folder.mkdir()
        self.ca.found()
        self.ca.certify_list_signer()
        self._status_parts()
        self._people = 100

    def _status_parts(self) -> None:
        folder = self.ca.settings.zone_dir("status")
        folder.mkdir()
        create_token(folder, TEMPLATE, MODULE, TOKEN_LABEL, SystemEntropy())
        token = Token(folder, MODULE, TOKEN_LABEL)
        for part in ("ocsp", "tsu"):
            certify_part(part, folder, token, self.ca.opened.certifying.issue)
        token.close()

    def servers(self):
        socket = self.ca.settings.socket
        return {
            socket("ca"): server(self.ca.opened, US),
            socket("ca-admin"): admin_server(self.ca.opened, US),
            socket("sam-admin"): self.bench.sam.sam.admin_server(US),
        }

    def credentials(self, name: str) -> str:
        """Return a file with an administrator's password and a code that was not used."""
        path = self.folder / f"{name}.credentials"
        path.unlink(missing_ok=True)
        path.touch(0o600)
        path.write_text(json.dumps({"name": name, "password": PASSWORDS[name], "code": self.ca.fresh_code(name)}))
        return str(path)

    def paraph(self, *arguments: str, answers: str | None = None, **environment: str) -> Result:
        """Run the command in the folder; who is named with --as finds a file with password and code."""
        if "--as" in arguments and answers is None and "PARAPH_CREDENTIALS" not in environment:
            environment["PARAPH_CREDENTIALS"] = self.credentials(arguments[arguments.index("--as") + 1])
        state = [
            "--config",
            str(DEFAULT_CONFIG),
            "--state-dir",
            str(self.ca.settings.state_dir),
            "--set",
            "ca.key=ec-p384",
        ]
        before = Path.cwd()
        os.chdir(self.folder)
        try:
            return CliRunner().invoke(main, [*state, *arguments], input=answers, env=environment)
        finally:
            os.chdir(before)

    def serial(self) -> str:
        """Return the serial number of a new signatory's certificate."""
        self._people += 1
        return self.bench.enrol_as(
            f"person-{self._people}", f"50102034{self._people:05}", f"+4072210{self._people:04}"
        )[1]

    def request(self, name: str, common_name: str) -> None:
        """Write a new certification request, PEM, into the folder."""
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
        builder = x509.CertificateSigningRequestBuilder(subject)
        signed = builder.sign(SoftwareSigningKey(KeyType.EC_P256).private_key, hashes.SHA256())
        (self.folder / name).write_bytes(signed.public_bytes(serialization.Encoding.PEM))

    def proposal(self, act: acts.AnyAct) -> str:
        """Return a proposal that the first administrator makes."""
        return self.ca.control.propose(self.ca.session(), act).proposal.proposal

    def revoke_all(self) -> None:
        """Revoke every certificate, so that the authority could end."""
        for line in self.ca.opened.authority.list(ListCertificates(limit=1000)).certificates:
            if line.status != "revoked":
                self.ca.admin.revoke(line.serial, "cessationOfOperation")


@pytest.fixture(scope="module")
def world():
    with tempfile.TemporaryDirectory(prefix="paraph-", dir="/tmp") as folder:  # a unix socket's path must be short
        world = World(Path(folder))
        with served(world.servers()):
            yield world


def leaves(group: click.Group, *names: str):
    """Give every command below a group with its words."""
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from leaves(command, *names, name)
        else:
            yield (*names, name), command


COMMANDS = dict(leaves(main))
OF_CA = [words for words in COMMANDS if words[0] in {"ca", "audit", "completion"}]
# What works on whole installations and their tokens is typed in `test_custody_on_running_zones`.
ON_INSTALLATIONS = {
    ("ca", "backup"), ("ca", "restore"), ("ca", "root-list"), ("ca", "rotate", "issuing"),
    ("ca", "ceremony", "list"), ("ca", "ceremony", "transcript"),
}  # fmt: skip
# The example that ends the authority comes last: it needs every certificate revoked.
EXAMPLES = sorted(
    ((words, as_json) for words in OF_CA if words not in ON_INSTALLATIONS for as_json in (False, True)),
    key=lambda each: "close" in each[0],
)


def prepare(world: World, words: tuple[str, ...]) -> dict[str, str]:
    """Bring about what an example takes for granted; return the words of it that stand for others."""
    act = words[-1]
    if words[1:] == ("admin", "enrol"):
        known = {each.name for each in world.ca.control.admins()}
        world.ca.decide(acts.ResetAdmin(name="carmen") if "carmen" in known else acts.AddAdmin(name="carmen"))
        first, second = world.ca.halves
        path = world.folder / "carmen.json"
        path.unlink(missing_ok=True)
        path.touch(0o600)
        path.write_text(json.dumps({"first_half": first, "second_half": second, "password": PASSWORDS["carmen"]}))
    if words[1:] in {("admin", "reset"), ("admin", "disable")} and "carmen" not in {
        e.name for e in world.ca.control.admins()
    }:
        world.ca.add("carmen")
    if words[1:] == ("propose", "revoke"):
        (world.folder / "serials.txt").write_text(f"# of a lost token\n{world.serial()}\n{world.serial()} # seal\n")
    if words[1:] == ("propose", "close"):
        world.revoke_all()
    world.request("seal.csr", "Primăria Exemplu")
    world.request("unit.csr", "TEST Unit elsewhere")
    found = {}
    if act in {"show", "suspend", "revoke", "resume", "renew"} and words[1] != "propose":
        found["4f09c2"] = world.serial()
    if act == "resume":
        world.ca.operator.suspend(found["4f09c2"])
    if act in {"approve", "reject"}:
        found["p-1"] = world.proposal(acts.AddAdmin(name=f"new-{len(world.ca.control.proposals(1000))}"))
    if act == "carry-out":
        found["p-1"] = world.ca.decide(acts.RevokeMany(serials=[world.serial()], reason="superseded")).proposal
    return found


def test_every_command_has_an_example_that_names_it():
    for words, command in COMMANDS.items():
        assert command.example.startswith(f"paraph {' '.join(words)}"), words
        said = CliRunner().invoke(main, [*words, "--help"]).output
        assert f"\nExample: {command.example}\n" in said


def test_the_administration_guide_has_every_example_and_no_other_command():
    """So each command of the guide is typed below as it stands there."""
    guide = Path("docs/administration.md").read_text(encoding="utf-8")
    blocks = "".join(part.split("```")[0] for part in guide.split("```sh\n")[1:])
    typed = {line.split("  #")[0].strip() for line in blocks.splitlines() if line.strip()}
    examples = {COMMANDS[words].example for words in OF_CA}
    assert typed == examples


def test_no_secret_is_a_word_of_the_command_line():
    for words, command in COMMANDS.items():
        for option in command.params:
            named = {each.strip("-").replace("-", "_") for each in option.opts}
            assert not named & {"password", "code", "pin", "otp", "totp", "secret", "session", "first_half"}, words


def test_exit_codes_are_in_the_help_of_every_group():
    for words in ((), ("ca",), ("ca", "admin"), ("ca", "export"), ("ca", "issue"), ("ca", "propose")):
        said = CliRunner().invoke(main, [*words, "--help"]).output
        assert " ".join(EXIT_CODES.split()) in " ".join(said.split()), words


# --- signing in ----------------------------------------------------------------------------------------------------


def refused(done: Result, code: int, words: str) -> None:
    assert done.exit_code == code, done.output
    assert words in done.stderr
    assert done.stderr.rstrip().splitlines()[-1].startswith("paraph: ")


def test_password_and_code_are_asked_for_and_not_shown(world):
    serial = world.serial()
    world.ca.operator.suspend(serial)
    answers = f"elena\n{PASSWORDS['elena']}\n{world.ca.fresh_code('elena')}\n"
    done = world.paraph("ca", "resume", serial, "--json", answers=answers)
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["status"] == "good"
    assert PASSWORDS["elena"] not in done.output


def test_who_answers_nothing_is_not_signed_in(world):
    serial = world.serial()
    refused(
        world.paraph("ca", "revoke", serial, "--reason", "superseded", "--yes", answers=""), 4, "sign in as an admin"
    )
    assert world.ca.operator.describe(serial).status == "good"


def test_a_wrong_code_is_one_plain_line_and_its_own_exit_code(world):
    answers = f"{PASSWORDS['elena']}\n000000\n"
    done = world.paraph("ca", "admin", "add", "zoe", "--as", "elena", answers=answers)
    refused(done, 4, "the sign-in is not right")


@pytest.mark.parametrize(
    ("content", "mode", "words"),
    [
        ('{"name": "elena", "password": "x", "code": "1"}', 0o644, "can be read or changed by other users"),
        ('{"name": "mihai", "password": "x", "code": "1"}', 0o600, "of mihai, not of elena"),
        ('{"name": "elena", "password": "x"}', 0o600, "either code or totp_secret"),
        ('{"name": "elena", "password": "x", "code": "1", "totp_secret": "A"}', 0o600, "either code or totp_secret"),
        ('{"name": "elena", "pasword": "x", "code": "1"}', 0o600, "pasword"),
        ("not JSON", 0o600, "JSON"),
        (None, 0o600, "No such file"),
    ],
)
def test_a_file_of_credentials_that_cannot_be_used(world, content, mode, words):
    path = world.folder / "file.json"
    path.unlink(missing_ok=True)
    if content is not None:
        path.touch(mode)
        path.chmod(mode)
        path.write_text(content)
    done = world.paraph("ca", "admin", "add", "zoe", "--as", "elena", "--credentials", str(path), PARAPH_CREDENTIALS="")
    refused(done, 1, words)
    assert '"x"' not in done.output


# --- what is refused -----------------------------------------------------------------------------------------------


def test_the_same_person_does_not_approve(world):
    proposal = world.proposal(acts.AddAdmin(name="same"))
    refused(world.paraph("ca", "approve", proposal, "--yes", "--as", "elena"), 1, "another administrator must approve")
    assert world.ca.control.proposal(proposal).state == "open"


def test_an_approval_shows_what_it_is_about_and_asks(world):
    proposal = world.proposal(acts.AddAdmin(name="asked"))
    done = world.paraph("ca", "approve", proposal, "--as", "mihai", answers="n\n")
    assert done.exit_code == 1
    assert "New administrator" in done.stdout
    assert world.ca.control.proposal(proposal).state == "open"
    answers = f"y\n{PASSWORDS['mihai']}\n{world.ca.fresh_code('mihai')}\n"
    assert world.paraph("ca", "approve", proposal, "--as", "mihai", answers=answers).exit_code == 0
    assert world.ca.control.proposal(proposal).state == "done"


def test_each_of_two_is_shown_one_half_and_neither_the_other(world):
    proposed = json.loads(world.paraph("ca", "admin", "add", "halves", "--as", "elena", "--json").stdout)
    name = proposed["proposal"]["proposal"]
    approved = json.loads(world.paraph("ca", "approve", name, "--yes", "--as", "mihai", "--json").stdout)
    assert len({proposed["half"], approved["half"], ""}) == 3
    shown = world.paraph("ca", "proposals", "--all", "--json").stdout
    assert proposed["half"] not in shown
    assert approved["half"] not in shown


def test_an_invited_person_enrols_at_the_prompts_and_sees_the_secret_once(world):
    world.ca.decide(acts.AddAdmin(name="prompted"))
    first, second = world.ca.halves
    password = "prompted has a password"
    answers = f"{first}\n{second}\n{password}\n{password}\n"
    done = world.paraph("ca", "admin", "enrol", "prompted", answers=answers)
    assert done.exit_code == 0, done.output
    assert "otpauth://totp/" in done.stderr
    assert "prompted is an administrator." in done.stdout
    assert password not in done.output
    refused(world.paraph("ca", "admin", "enrol", "prompted", answers=answers), 1, "the invitation is not accepted")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "0 serial numbers"),
        ("# nothing\n", "0 serial numbers"),
        ("4f09c2\n\n4F:09:C2\n", "line 3: the same as line 1"),
        ("4f09c2\nboredom\n", "line 2: no serial number: 'boredom'"),
        ("5\n", "there is no certificate with this serial number"),
        ("-5\n", "no certificate"),
    ],
)
def test_a_file_of_serial_numbers_that_cannot_be_used(world, text, words):
    path = world.folder / "bad.txt"
    path.write_text(text)
    done = world.paraph("ca", "propose", "revoke", str(path), "--reason", "superseded", "--as", "elena")
    refused(done, 1, words)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"junk", "request malformed"),
        (b"-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n", "no PKCS#10 in PEM"),
        (b"", "request malformed"),
        (b"\x30" * 100_000, "malformed"),
    ],
)
def test_a_request_that_is_none(world, content, words):
    (world.folder / "bad.csr").write_bytes(content)
    legal = ("--organization", "X", "--identifier", "VATRO-1", "--name", "X")
    refused(world.paraph("ca", "issue", "seal", "bad.csr", *legal, "--as", "elena"), 1, words)


def test_a_request_signed_once_gets_one_certificate(world):
    world.request("once.csr", "X")
    legal = ("--organization", "X", "--identifier", "VATRO-1", "--name", "X")
    world.paraph("ca", "issue", "seal", "once.csr", *legal, "--as", "elena", "--out", "once.pem")
    certificate = x509.load_pem_x509_certificate((world.folder / "once.pem").read_bytes())
    assert certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value == "X"
    refused(world.paraph("ca", "issue", "seal", "once.csr", *legal, "--as", "elena"), 1, "key already certified")


def test_revoking_twice_a_reason_that_is_none_and_an_unknown_number(world):
    serial = world.serial()
    revoke = ("ca", "revoke", serial, "--yes", "--as", "elena", "--reason")
    assert world.paraph(*revoke, "superseded").exit_code == 0
    refused(world.paraph(*revoke, "superseded"), 1, "already revoked: since")
    assert world.paraph(*revoke, "boredom").exit_code == 2
    refused(
        world.paraph("ca", "revoke", "5", "--yes", "--reason", "superseded", "--as", "elena"), 1, "no certificate with"
    )


def test_a_zone_that_does_not_answer_is_exit_code_3(world):
    socket = world.ca.settings.socket("ca-admin")
    aside = socket.rename(socket.with_name("aside"))
    try:
        refused(world.paraph("ca", "status"), 3, "a zone does not answer")
    finally:
        aside.rename(socket)


# --- what is shown -------------------------------------------------------------------------------------------------


def test_a_bulk_revocation_by_two_destroys_the_keys(world):
    credential, serial = world.bench.enrol_as("bulk", "5010203409999", "+40722999999")
    (world.folder / "bulk.txt").write_text(serial)
    propose = ("ca", "propose", "revoke", "bulk.txt", "--reason", "keyCompromise", "--as", "elena", "--json")
    proposal = json.loads(world.paraph(*propose).stdout)["proposal"]["proposal"]
    assert world.bench.state(credential) == "active"
    done = world.paraph("ca", "approve", proposal, "--yes", "--as", "mihai")
    assert "1 certificates are revoked or over" in done.stdout
    assert world.bench.state(credential) == "revoked"


def test_the_status_is_one_screen(world):
    lines = world.paraph("ca", "status").stdout.splitlines()
    assert len(lines) <= 24
    assert [line.split("  ")[0] for line in lines] == [
        "Root", "Issuing CA", "Responder", "Time-stamping unit", "List's signer", "Revocation list", "Trusted list",
        "Certificates", "Proposals", "Administrators", "Status zone", "Clock",
    ]  # fmt: skip


def test_what_needs_somebody_is_said_loudly(world, monkeypatch):
    bench = world.ca
    for _ in range(5):
        with pytest.raises(Exception, match="name, password or code"):
            bench.control.sign_in("mihai", "x" * 12, "000000")
    with monkeypatch.context() as patch:
        patch.setattr(tables, "record", crash)
        with pytest.raises(KeyboardInterrupt):
            bench.issue()
    said = world.paraph("ca", "status").stdout
    assert "locked: mihai" in said
    assert "1 UNFINISHED: paraph ca list --unfinished" in said
    bench.clock.advance(days=25)
    later = world.paraph("ca", "status").stdout
    assert "OVERDUE" in later
    assert "ENDS SOON" in later
    listed = json.loads(world.paraph("ca", "list", "--unfinished", "--json").stdout)
    (serial,) = [each["serial"] for each in listed]
    assert "Status       unfinished" in world.paraph("ca", "show", serial).stdout
    bench.admin.revoke(serial, "cessationOfOperation")
    assert "UNFINISHED" not in world.paraph("ca", "status").stdout


def crash(*_arguments):
    raise KeyboardInterrupt


def test_the_record_as_csv_has_every_certificate_and_no_formula(world):
    world.request("formula.csr", "=1+1")
    legal = ("--organization", "=1+1", "--identifier", "VATRO-1", "--name", "=1+1")
    assert world.paraph("ca", "issue", "seal", "formula.csr", *legal, "--as", "elena").exit_code == 0
    rows = list(csv.DictReader(io.StringIO(world.paraph("ca", "export", "record").stdout)))
    listed = json.loads(world.paraph("ca", "export", "record", "--json").stdout)
    assert [row["serial"] for row in rows] == [each["serial"] for each in listed]
    assert not [cell for row in rows for cell in row.values() if cell[:1] in "=+-@" and cell]


def test_certificates_are_exported_as_files_that_the_chain_verifies(world):
    world.paraph("ca", "export", "certificates", "all")
    world.paraph("ca", "export", "chain", "--out", "chain.pem")
    issuing, _root = x509.load_pem_x509_certificates((world.folder / "chain.pem").read_bytes())
    files = list((world.folder / "all").iterdir())
    listed = json.loads(world.paraph("ca", "list", "--limit", "1000", "--json").stdout)
    assert {path.stem for path in files} == {each["serial"] for each in listed}
    for path in files:
        x509.load_pem_x509_certificate(path.read_bytes()).verify_directly_issued_by(issuing)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_is_told_how_to_complete(shell):
    said = CliRunner().invoke(main, ["completion", shell]).output
    assert "_PARAPH_COMPLETE" in said
    assert "paraph" in said


@pytest.mark.parametrize(
    ("typed", "begun", "offered"),
    [
        (["ca"], "re", {"reject", "renew", "restore", "resume", "revoke"}),
        (["ca", "revoke", "--reason"], "key", {"keyCompromise"}),
        (["ca", "issue", "part"], "", {"ocsp", "tsu", "list-signer"}),
    ],
)
def test_words_are_completed(typed, begun, offered):
    completion = ShellComplete(main, {}, "paraph", "_PARAPH_COMPLETE")
    assert {each.value for each in completion.get_completions(typed, begun)} == offered


# --- the examples, last because the last of them ends the authority ---------------------------------------------------


@pytest.mark.parametrize(
    ("words", "as_json"), EXAMPLES, ids=[" ".join(words) + " json" * as_json for words, as_json in EXAMPLES]
)
def test_the_example_of_each_help_works(world, words, as_json):
    replaced = prepare(world, words)
    typed = [replaced.get(word, word) for word in shlex.split(COMMANDS[words].example)[1:]]
    has_json = any("--json" in option.opts for option in COMMANDS[words].params)
    assert has_json or words[0] in {"audit", "completion"}, "every command of the authority speaks JSON"
    if as_json and has_json and "--json" not in typed:
        typed.append("--json")
    done = world.paraph(*typed)
    assert done.exit_code == 0, (typed, done.output, done.exception)
    assert "Traceback" not in done.output
    if as_json and has_json and "--out" not in typed:
        assert json.loads(done.stdout) is not None
