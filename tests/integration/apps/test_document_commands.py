"""Every level from the running zones, and `paraph document`: archived, renewed, refused; each file begins with the old."""

import base64
import hashlib
import json

import pytest
from click.testing import CliRunner, Result
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import load_pem_x509_certificate

from apps.ades import level_of
from apps.cli import main
from bench.service import Flow, enrol, register_portal
from tests.support import pdfs
from tests.support.signed_pdfs import pdfsig

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("instance")]

LEVELS = ("AdES-B-B", "AdES-B-T", "AdES-B-LT", "AdES-B-LTA")


@pytest.fixture(scope="module")
def root(instance):
    pem = (instance.settings.published() / "root.pem").read_bytes()
    return load_pem_x509_certificate(pem).public_bytes(Encoding.DER)


@pytest.fixture(scope="module")
def signed(instance):
    """A document signed at each level, as a portal would have it signed."""
    portal = register_portal(instance.settings)
    (citizen,) = enrol(instance.settings, portal, 1, prefix="4")
    flow = Flow(portal)
    originals = {level: pdfs.plain() + f"%{level}\n".encode() for level in LEVELS}
    token = flow.authorise(citizen, [hashlib.sha256(each).digest() for each in originals.values()], "sodr")
    made = {}
    for level, original in originals.items():
        (document,) = flow.sign_doc(token, citizen, original, level=level)
        made[level] = base64.b64decode(document)
        assert made[level].startswith(original)
    flow.close()
    return made


def paraph(instance, *arguments: str) -> Result:
    """Run `paraph` in this process: a new one takes seconds to load the libraries."""
    return CliRunner().invoke(main, [*instance.installation.arguments(), "document", *arguments])


@pytest.mark.parametrize("level", LEVELS)
def test_the_zones_make_every_level(signed, root, level):
    assert level_of(signed[level], root) == level
    assert pdfsig(signed[level]).valid[0] is True


@pytest.mark.parametrize("level", ["AdES-B-T", "AdES-B-LT"])
def test_a_document_is_archived_and_then_renewed(instance, signed, root, tmp_path, level):
    path = tmp_path / "signed.pdf"
    path.write_bytes(signed[level])
    assert "archived" in instance.paraph("document", "archive", str(path)).stdout
    archived = path.read_bytes()
    assert archived.startswith(signed[level])
    assert level_of(archived, root) == "AdES-B-LTA"

    said = json.loads(paraph(instance, "renew", str(path), "--json").stdout)
    renewed = path.read_bytes()
    assert renewed.startswith(archived)
    assert said == {"renewed": [{"file": str(path), "added": len(renewed) - len(archived)}]}
    assert level_of(renewed, root) == "AdES-B-LTA"
    assert [each.name for each in tmp_path.iterdir()] == ["signed.pdf"]


@pytest.mark.parametrize(
    ("command", "level", "words"),
    [
        ("archive", "AdES-B-B", "no time-stamp on the signature"),
        ("archive", "AdES-B-LTA", "archived already"),
        ("renew", "AdES-B-LT", "not archived"),
    ],
)
def test_another_level_is_refused_in_one_line_and_the_file_stays(instance, signed, tmp_path, command, level, words):
    path = tmp_path / "signed.pdf"
    path.write_bytes(signed[level])
    done = paraph(instance, command, str(path))
    assert done.exit_code == 1
    assert words in done.stderr
    assert "signed.pdf" in done.stderr
    assert done.stderr.count("\n") == 1
    assert path.read_bytes() == signed[level]


@pytest.mark.parametrize("content", [None, b"", b"no PDF", b"%PDF-1.7\n%%EOF\n"])
def test_what_is_no_signed_file_is_refused_in_one_line(instance, tmp_path, content):
    path = tmp_path / "other.pdf"
    if content is not None:
        path.write_bytes(content)
    for command in ("archive", "renew"):
        done = paraph(instance, command, str(path))
        assert (done.exit_code, done.stderr.count("\n")) == (1, 1), done.stderr
