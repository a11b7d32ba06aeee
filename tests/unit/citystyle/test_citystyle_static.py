"""What is shipped of GOV.UK Frontend, and what never is; the budget of pages §1."""

from __future__ import annotations

import gzip
import re

import brotli
import pytest

from citystyle.dress import STATIC
from citystyle.vendor import BrandLeft, without_brand

TEXTS = [path for path in STATIC.iterdir() if path.suffix in {".css", ".js", ".svg"}]


def test_there_are_files():
    assert len(TEXTS) == 5


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.name)
def test_nothing_of_the_brand_is_left(path):
    assert not re.search(r"GDS|/assets/|crest|crown|@font-face|sourceMappingURL", path.read_text())


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.name)
def test_the_compressed_forms_are_fresh(path):
    packed = path.with_name(path.name + ".br")
    assert brotli.decompress(packed.read_bytes()) == path.read_bytes(), "python -m citystyle.vendor"
    packed = path.with_name(path.name + ".gz")
    if packed.exists():
        assert gzip.decompress(packed.read_bytes()) == path.read_bytes(), "python -m citystyle.vendor"


def test_all_of_it_stays_within_the_budget_on_the_wire():
    assert sum(path.stat().st_size for path in STATIC.glob("*.br")) <= 25_000


def test_no_style_sheet_has_components_that_no_page_uses():
    css = next(STATIC.glob("govuk-frontend-*.css")).read_text()
    assert not re.search(r"\.govuk-(accordion|tabs|cookie-banner|header|footer|logo|\\!-)", css)
    for kept in (".govuk-generic-header", ".govuk-error-summary", ".govuk-language-navigation", ".govuk-file-upload"):
        assert kept in css


def test_our_own_rules_name_no_address():
    assert "url(" not in (STATIC / "city.css").read_text()


def test_a_rule_with_one_used_selector_stays_and_an_empty_block_goes():
    css = ".govuk-tabs,.govuk-input{a:b}@media print{.govuk-tabs{c:d}}@media print{.govuk-body{e:f}}"
    out = without_brand(css)
    assert ".govuk-tabs,.govuk-input{a:b}" in out
    assert out.count("@media") == 1


def test_a_brand_that_a_new_version_brings_is_noticed():
    with pytest.raises(BrandLeft):
        without_brand(".govuk-body{background:url(/assets/images/new.svg)}")
