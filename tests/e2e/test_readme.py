"""The README's commands, run as they stand: a PDF signed with curl and openssl, judged by pdfsig."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from joserfc.jwk import ECKey

from bench.service import Flow, Portal
from tests.support.instance import make_instance

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("zones")]
README = Path("README.md").read_text(encoding="utf-8")


def script(instance, work: Path) -> str:
    """Return the README's commands for this instance; the question for the code becomes a line that the test answers."""
    (block,) = re.findall(r"```bash\n(.*?)```", README, re.DOTALL)
    settings = instance.settings
    arguments = " ".join(f"'{argument}'" for argument in instance.installation.arguments())
    changes = {
        "http://127.0.0.1:8610": settings.service.public_origin,
        "http://127.0.0.1:8630": f"http://{settings.phone.listen}",
        "work=var/curl": f"work={work}",
        ".venv/bin/python": sys.executable,
        ".venv/bin/paraph": f"{sys.executable} -m apps.cli {arguments}",
    }
    for old, new in changes.items():
        assert old in block, old
        block = block.replace(old, new)
    asked, count = re.subn(r"read -rp .* code\n", 'echo "READY $client $request_uri"; read -r code\n', block)
    assert count == 1
    return "set -euo pipefail\n" + asked


def test_the_readmes_commands_sign_a_pdf(tmp_path):
    instance = make_instance()
    try:
        said = run(instance, tmp_path)
        assert "Signature is Valid." in said
        assert (tmp_path / "signed.pdf").read_bytes().startswith(Path("samples/cerere.pdf").read_bytes())
    finally:
        instance.remove()


def run(instance, work: Path) -> str:
    """Run the script, be the citizen when it asks for the code, and return what it said."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    said = ""
    with subprocess.Popen(["/bin/bash", "-c", script(instance, work)], text=True, **pipes) as bash:
        for line in bash.stdout:
            said += line
            if line.startswith("READY "):
                _, client, request_uri = line.split()
                bash.stdin.write(approve(instance, client, request_uri) + "\n")
                bash.stdin.flush()
    assert bash.returncode == 0, said
    return said


def approve(instance, client: str, request_uri: str) -> str:
    origin = instance.settings.service.public_origin
    key = ECKey.generate_key("P-256").as_pem(private=True).decode()
    flow = Flow(Portal(origin, str(instance.settings.outbox()), client, "", key))
    try:
        return flow.approve(f"/oauth2/authorize?client_id={client}&request_uri={request_uri}", "+40723000001")
    finally:
        flow.close()
