"""The words of the pages: complete in both languages, fresh, and in good Romanian."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from babel.messages import Message

from citystyle.catalogues import compiled, extracted, po_file, read

PACKAGE = Path("api")
MESSAGES = [message for message in read(PACKAGE) if message.id]


def test_the_catalogue_has_every_text_and_no_other():
    assert {(m.id, m.context) for m in extracted(PACKAGE) if m.id} == {(m.id, m.context) for m in MESSAGES}


def test_the_compiled_catalogue_is_fresh():
    assert po_file(PACKAGE).with_suffix(".mo").read_bytes() == compiled(read(PACKAGE))


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: str(message.id)[:40])
def test_a_text_is_translated_in_all_its_forms(message: Message):
    forms = message.string if isinstance(message.string, tuple) else (message.string,)
    assert len(forms) == (3 if isinstance(message.id, tuple) else 1)
    source = message.id[-1] if isinstance(message.id, tuple) else message.id
    for form in forms:
        assert form
        assert not re.search("[şţŞŢ\"']", form), "cedillas and straight quotes are not Romanian"
        wanted = set(re.findall(r"%\(\w+\)s", source)) - {"%(num)s"}
        assert wanted <= set(re.findall(r"%\(\w+\)s", form))
