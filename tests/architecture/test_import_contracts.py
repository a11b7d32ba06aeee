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


@pytest.mark.parametrize(
    ("module", "forbidden", "contract"),
    [
        ("core/errors.py", "import storage.engine", "imports point downwards"),
        ("api/deps.py", "import hsm.session", "no chain of imports leads from api or ra to a key"),
        ("api/deps.py", "import signer.sam.activation", "no chain of imports leads from api or ra to a key"),
        ("signer/service.py", "import signer.sam.records", "no chain of imports leads from api or ra to a key"),
        ("signer/sam/client.py", "import signer.sam.tables", "what other zones hold of sam, ca and preflight"),
        ("portal/settings.py", "import core.config", "the portal is an outsider"),
        ("api/deps.py", "import portal.keys", "nobody but apps imports the portal"),
        ("preflight/check.py", "import storage.engine", "preflight sees no key, no database, no network, no SAM"),
        ("ca/service.py", "import pkcs11", "only hsm speaks PKCS#11"),
        ("signer/sam/activation.py", "import hsm.wrapping", "others see hsm through its ports"),
        ("signer/sam/activation.py", "import signer.pades.engine", "the SAM sees no PDF library"),
        ("signer/sam/activation.py", "import pyhanko", "the SAM sees no PDF library"),
        ("signer/pades/engine.py", "import storage.engine", "PDF assembly sees no key and no table"),
        ("citystyle/site.py", "import core.config", "the look of pages knows nothing of what they show"),
        ("apps/web.py", "import hsm.keys", "apps.web wires no key and no code"),
        ("apps/phone.py", "import otp.codes", "the development phone wires nothing"),
        ("apps/sam.py", "import apps.web", "the modules of the zones do not know each other"),
    ],
)
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
