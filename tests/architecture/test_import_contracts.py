"""The walls between packages: they stand, and an import that breaks one is noticed."""

import configparser
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def contracts() -> configparser.ConfigParser:
    parser = configparser.ConfigParser()
    parser.read(ROOT / "setup.cfg", encoding="utf-8")
    return parser


def packages() -> list[str]:
    return contracts()["importlinter"]["root_packages"].split()


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache", "--no-logo", "--config", "setup.cfg"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tree")
    shutil.copy(ROOT / "setup.cfg", folder)
    for package in packages():
        shutil.copytree(
            ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__", "static", "fonts")
        )
    return folder


def test_every_contract_is_kept(copy):
    done = lint(copy)
    assert done.returncode == 0, done.stdout
    assert "0 broken" in done.stdout


# Where an import is planted, what it says, and the contract that must notice it.
PLANTED = [
    ("core/errors.py", "import storage.engine", "imports point downwards"),
    ("hsm/ports.py", "import channel.client", "imports point downwards"),
    ("otp/codes.py", "import stamp.font", "imports point downwards"),
    ("ca/service.py", "import preflight.check", "imports point downwards"),
    ("signer/service.py", "import api.deps", "imports point downwards"),
    ("ra/enrolment.py", "import api.deps", "imports point downwards"),
    ("storage/types.py", "import storage.chain", "no package imports in circles"),
    ("core/config.py", "import sqlalchemy", "core is vocabulary and knows no framework"),
    ("portal/settings.py", "import core.config", "the portal is an outsider"),
    ("portal/settings.py", "import signer.sam.protocol", "the portal is an outsider"),
    ("api/deps.py", "import portal.keys", "nobody but apps imports the portal"),
    ("citystyle/site.py", "import core.config", "the look of pages knows nothing of what they show"),
    ("preflight/check.py", "import storage.engine", "preflight sees no key, no database, no network, no SAM"),
    ("preflight/verdict.py", "import hsm.ports", "preflight sees no key, no database, no network, no SAM"),
    ("preflight/check.py", "import httpx", "preflight sees no key, no database, no network, no SAM"),
    ("api/deps.py", "import hsm.session", "no chain of imports leads from api, ra or apps.web to a key"),
    ("api/deps.py", "import otp.codes", "no chain of imports leads from api, ra or apps.web to a key"),
    ("api/deps.py", "import signer.sam.activation", "no chain of imports leads from api, ra or apps.web to a key"),
    ("signer/service.py", "import signer.sam.records", "no chain of imports leads from api, ra or apps.web to a key"),
    ("ra/enrolment.py", "import ca.issuance", "no chain of imports leads from api, ra or apps.web to a key"),
    ("signer/sam/client.py", "import signer.sam.tables", "what other zones hold of sam, ca and preflight"),
    ("preflight/protocol.py", "import pyhanko", "what other zones hold of sam, ca and preflight"),
    ("otp/delivery/report_wire.py", "import otp.challenges", "delivery reports reach no code, no key"),
    ("apps/reports.py", "import signer.sam.client", "delivery reports reach no code, no key"),
    ("apps/metrics.py", "import channel.client", "what adds up counts reaches no zone, no key"),
    ("ca/service.py", "import pkcs11", "only hsm speaks PKCS#11"),
    ("apps/sam.py", "import pkcs11", "only hsm speaks PKCS#11"),
    ("signer/sam/activation.py", "import hsm.wrapping", "others see hsm through its ports"),
    ("signer/sam/enrolment.py", "import hsm.x509_keys", "the ca alone has token keys as keys of an X.509 builder"),
    ("signer/sam/activation.py", "import signer.pades.engine", "the SAM sees no PDF library"),
    ("signer/sam/activation.py", "import pyhanko", "the SAM sees no PDF library"),
    ("signer/sam/code_messages.py", "import httpx", "the SAM sees no PDF library"),
    ("signer/pades/engine.py", "import storage.engine", "PDF assembly sees no key and no table"),
    ("stamp/appearance.py", "import hsm.ports", "PDF assembly sees no key and no table"),
    ("otp/codes.py", "import signer.sam.tables", "the tables of the SAM belong to the SAM"),
    ("ca/service.py", "import otp.tables", "the tables of codes belong to otp and to the SAM it works in"),
    ("apps/cli.py", "import ca.tables", "the tables of the ca belong to the ca"),
    ("apps/web.py", "import api.tables", "the tables of web belong to api, and apps makes them"),
    ("api/deps.py", "import portal.tables", "the portal's tables belong to the portal, and apps makes them"),
    ("apps/sam.py", "import apps.web", "the modules of the zones do not know each other"),
    ("apps/web.py", "import hsm.keys", "no chain of imports leads from api, ra or apps.web to a key"),
    ("apps/web.py", "import ca.issuance", "no chain of imports leads from api, ra or apps.web to a key"),
    ("apps/web.py", "import portal.keys", "apps.web wires the service alone"),
    ("apps/sam.py", "import api.app", "apps.sam wires no page, no document engine and no authority"),
    ("apps/preflight.py", "import signer.sam.client", "apps.preflight wires no key, no database, no SAM"),
    ("apps/phone.py", "import otp.codes", "the development phone wires nothing"),
    ("apps/ca.py", "import signer.sam.client", "apps.ca wires the authority alone"),
    ("apps/status.py", "import api.app", "apps.status wires what the authority publishes"),
    ("apps/portal.py", "import storage.engine", "apps.portal wires the portal alone"),
]


def test_every_contract_is_tried():
    names = [contracts()[each]["name"] for each in contracts().sections() if each.startswith("importlinter:contract:")]
    tried = {name for name in names for _module, _import, contract in PLANTED if name.startswith(contract)}
    assert tried == set(names)


@pytest.mark.parametrize(("module", "forbidden", "contract"), PLANTED)
def test_a_forbidden_import_is_noticed(copy, module, forbidden, contract):
    path = copy / module
    before = path.read_text()
    path.write_text(f"{before}\n{forbidden}  # planted\n")
    try:
        done = lint(copy)
    finally:
        path.write_text(before)
    said = " ".join(done.stdout.split())
    assert done.returncode == 1, done.stderr
    assert contract in said.split("Broken contracts", 1)[1]


@pytest.mark.parametrize(
    ("package", "reachable"),
    [("signer.sam", {"protocol", "client", "errors"}), ("ca", {"protocol", "client", "acts", "admin_protocol"})],
)
def test_the_contract_about_keys_names_every_module_that_could_lead_to_one(package, reachable):
    named = set(contracts()["importlinter:contract:keys"]["forbidden_modules"].split())
    modules = {path.stem for path in (ROOT / package.replace(".", "/")).glob("*.py")} - {"__init__"} - reachable
    assert {f"{package}.{module}" for module in modules} <= named


def test_the_contract_about_ports_names_every_module_of_hsm_but_its_ports():
    named = set(contracts()["importlinter:contract:ports"]["protected_modules"].split())
    modules = {path.stem for path in (ROOT / "hsm").glob("*.py")} - {"__init__", "ports", "errors", "x509_keys"}
    assert {f"hsm.{module}" for module in modules} == named


def test_every_package_of_ours_is_under_contract():
    found = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests", "bench"}
    assert found == set(packages())


def test_contracts_have_names_that_read_as_sentences_and_no_standing_exception():
    sections = [contracts()[name] for name in contracts().sections() if name.startswith("importlinter:contract:")]
    assert all(" " in each["name"] for each in sections)
    assert not [each["name"] for each in sections if "ignore_imports" in each]


def test_a_seal_object_is_named_in_its_own_module_only():
    owners: dict[str, list[str]] = {}
    for package in packages():
        for path in (ROOT / package).rglob("*.py"):
            text = path.read_text(encoding="utf-8")
            for line in text.splitlines():
                if "import" in line and "_SEAL" in line.split("import", 1)[1].replace(",", " ").split():
                    owners.setdefault(str(path.relative_to(ROOT)), []).append(line)
    assert owners == {}
