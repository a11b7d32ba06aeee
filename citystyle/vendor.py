"""Take GOV.UK Frontend's style sheet and script into `static/`, without its brand; run by hand when the version changes.

    npm pack govuk-frontend@6.6.0 && tar xzf govuk-frontend-6.6.0.tgz
    python -m citystyle.vendor package/

The output is committed, with the MIT text in `licences/`, so that nobody else needs Node. What is never shipped: the
GDS Transport typeface, crest, crown and icons (not under the MIT licence). Needs tinycss2 and brotli (`dev` extra).
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any, Final

import tinycss2
from whitenoise.compress import Compressor

STATIC: Final = Path(__file__).parent / "static"
_FONT: Final = 'system-ui,"Segoe UI",Roboto,"Noto Sans","DejaVu Sans",Arial,sans-serif'
_BRAND: Final = re.compile(r"GDS|/assets/|crest|sourceMappingURL")
# Components no page uses; take a name out when a page needs it.
_DROPPED: Final = re.compile(
    r"\.govuk-(accordion|tabs|cookie-banner|exit-this-page|header|footer|feedback|logo|character-count|breadcrumbs|\\?!-)"
)


class BrandLeft(Exception):
    """Something that is not ours to use is still in the output."""


def without_brand(css: str) -> str:
    """Return the style sheet with the city's font in place of GDS Transport, and without the components not used.

    Raises:
        BrandLeft: a name of the brand is still in it.
    """
    css = re.sub(r"@font-face\{[^}]*\}", "", css)
    css = css.replace("GDS Transport,arial,sans-serif", "var(--city-font)")
    css = css.replace("url(/assets/images/govuk-crest.svg)", "none")
    rules = tinycss2.parse_stylesheet(_without_map(css), skip_comments=True, skip_whitespace=True)
    kept = "".join(_kept(rule) for rule in rules if getattr(rule, "lower_at_keyword", "") != "charset")
    return _checked(f'@charset "UTF-8";:root{{--city-font:{_FONT}}}{kept}\n')


def _kept(rule: Any) -> str:
    if rule.type == "qualified-rule":
        selectors = tinycss2.serialize(rule.prelude).split(",")
        return "" if all(_DROPPED.search(each) for each in selectors) else _written(rule)
    if rule.type == "at-rule" and rule.lower_at_keyword in {"media", "supports", "-moz-document"}:
        inner = "".join(_kept(each) for each in tinycss2.parse_rule_list(rule.content, True, True))  # noqa: FBT003 - skip comments, white space: its signature
        return f"@{rule.at_keyword}{tinycss2.serialize(rule.prelude)}{{{inner}}}" if inner else ""
    return _written(rule)


def _written(rule: Any) -> str:
    return str(rule.serialize())


def _without_map(text: str) -> str:
    text = re.sub(r"/\*# sourceMappingURL=[^*]*\*/", "", text)
    return re.sub(r"//# sourceMappingURL=\S*", "", text)


def _checked(text: str) -> str:
    if left := _BRAND.search(text):
        raise BrandLeft(left.group())
    return text


def main(package: Path) -> None:
    """Write the style sheet, the script and their compressed forms."""
    version = json.loads((package / "package.json").read_text())["version"]
    source = package / "dist" / "govuk"
    for old in STATIC.glob("govuk-frontend-*"):
        old.unlink()
    css = without_brand((source / "govuk-frontend.min.css").read_text())
    js = _checked(_without_map((source / "govuk-frontend.min.js").read_text()).rstrip() + "\n")
    (STATIC / f"govuk-frontend-{version}.min.css").write_text(css)
    (STATIC / f"govuk-frontend-{version}.min.js").write_text(js)
    (STATIC / "init.js").write_text(f'import {{ initAll }} from "./govuk-frontend-{version}.min.js";\n\ninitAll();\n')
    compress()


def compress() -> None:
    """Write `.gz` and `.br` beside each static file: the budget of 40 kB for a first visit counts on them."""
    compressor = Compressor(quiet=True)
    for path in sorted(STATIC.iterdir()):
        if path.suffix in {".css", ".js", ".svg"}:
            list(compressor.compress(str(path)))


if __name__ == "__main__":
    main(Path(sys.argv[1])) if len(sys.argv) > 1 else compress()
