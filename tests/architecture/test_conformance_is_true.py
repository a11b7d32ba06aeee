"""docs/conformance.md names modules and tests that exist, and clauses of the editions it lists."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

PAGE = Path("docs/conformance.md").read_text(encoding="utf-8")
ROW = re.compile(
    r"^\| (?P<clause>[^|]+) \| (?P<what>[^|]+) \| `(?P<module>[^`]+)` \| `(?P<file>[^`:]+)::(?P<test>\w+)` \|$"
)
STANDARD = re.compile(r"(EN 319 \d{3}(?:-\d)?|TS 119 \d{3}(?:-\d)?|ISO \d+-\d|CSC API v2)")
CLAUSE = re.compile(
    r"((EN 319 \d{3}(-\d)?|TS 119 \d{3}(-\d)?|ISO \d+-\d|CSC API v2|RFC \d+) §[0-9A-Z][0-9.]*\d?(, §[0-9.]+)?)"
)
CLAIMS = PAGE.split("## Known divergences")[0]
LINES = [line for line in CLAIMS.splitlines() if line.startswith("| ") and not line.startswith("| clause ")]


def names_in(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {each.name for each in ast.walk(tree) if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)}


@pytest.mark.parametrize(
    "line", LINES, ids=[line.split("|")[1].strip() + ":" + line.split("|")[2].strip()[:24] for line in LINES]
)
def test_every_claim_names_a_clause_a_module_and_a_test_that_exist(line):
    row = ROW.match(line)
    assert row, line
    assert CLAUSE.fullmatch(row["clause"].strip()), row["clause"]
    assert Path(row["module"]).is_file(), row["module"]
    assert Path(row["file"]).is_file(), row["file"]
    assert row["test"] in names_in(Path(row["file"])), f"{row['file']}: {row['test']}"


def test_no_claim_stands_twice():
    assert len(LINES) == len(set(LINES))
    assert len(LINES) > 70


def test_every_standard_that_is_claimed_is_in_the_list_of_editions():
    editions = PAGE.split("Editions:")[1].split("\n\n")[0]
    listed = set(STANDARD.findall(" ".join(editions.split())))
    assert {each for line in LINES for each in STANDARD.findall(line.split("|")[1])} <= listed
