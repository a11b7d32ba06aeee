"""The walk of docs/admin-guide.md, typed as it stands on a running installation."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("instance")]
GUIDE = Path("docs/admin-guide.md").read_text(encoding="utf-8")


def script(instance, work: Path) -> str:
    """Return the guide's commands for this instance, each block announced by its number."""
    arguments = " ".join(f"'{argument}'" for argument in instance.installation.arguments())
    changes = {
        "export PATH=$PWD/.venv/bin:$PATH": f"""
            python() {{ {sys.executable} "$@"; }}
            paraph() {{ {sys.executable} -m apps.cli {arguments} "$@"; }}""",
        "work=var/tour": f"work={work}",
        "http://127.0.0.1:8620": f"http://{instance.settings.status.listen}",
    }
    blocks = re.findall(r"```bash\n(.*?)```", GUIDE, re.DOTALL)
    text = "\n".join(f"echo BLOCK {number}\n{block}" for number, block in enumerate(blocks))
    for old, new in changes.items():
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return "set -euo pipefail\n" + text


def test_every_command_of_the_guide_does_what_it_says(instance, tmp_path):
    command = ["/bin/bash", "-c", script(instance, tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    assert len(re.findall(r"^BLOCK \d+$", said, re.MULTILINE)) == GUIDE.count("```bash")
    assert "Nothing is wrong." in said
    assert "Ana Țuțea" in said
    statuses = re.findall(r"^0x\w+: (\w+)$|^\s+Reason: (\w+)$", said, re.MULTILINE)
    told = [good or reason for good, reason in statuses if good != "revoked"]
    assert told == ["good", "certificateHold", "good", "superseded", "cessationOfOperation"], told
    assert said.count("Response verify OK") == 5
    assert re.search(r"^verify OK$", said, re.MULTILINE)
    assert "The authority's log is whole" in said
    assert said.count("Example: paraph ") == 1
