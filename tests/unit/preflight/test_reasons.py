"""Words for people."""

import ast
from pathlib import Path

import pytest

import preflight
from preflight.reasons import REFUSALS, WARNINGS, sentence

SOURCES = list(Path(preflight.__file__).parent.glob("*.py"))


@pytest.mark.parametrize("code", [*REFUSALS, *WARNINGS])
def test_code_has_a_sentence_in_both_languages(code):
    romanian, english = sentence(code, "ro"), sentence(code, "en")
    assert romanian.endswith(".")
    assert english.endswith(".")
    assert romanian != english
    assert not set("şţŞŢ") & set(romanian)  # comma below, never the cedilla


def test_unknown_code_reads_as_a_damaged_file():
    assert sentence("never-heard-of", "en") == REFUSALS["damaged"].en


def test_every_refusal_in_the_code_is_in_the_table_and_the_reverse():
    used = set()
    for source in SOURCES:
        for node in ast.walk(ast.parse(source.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "DocumentRefused":
                used |= {
                    c.value for c in ast.walk(node.args[0]) if isinstance(c, ast.Constant) and isinstance(c.value, str)
                }
    returned = {"not-a-pdf", "incomplete", "damaged"}  # by `_class_of`
    assert (used | returned) - {"%PDF-"} == set(REFUSALS)
