"""The frame of the pages, rendered once for each language.

Header, footer and head are the same on every page but for the title, the addresses of the language switch and what
`meta` adds; rendering them anew is most of the cost of a page, and a signature shows three. So `citystyle`'s frame is
rendered with marks in place of what differs, cut there, and `authorize/frame.html` puts the pieces round each page.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from flask import Flask, render_template
from markupsafe import Markup, escape

from citystyle.language import NAMES, language

SOURCE: Final = "authorize/_frame_source.html"
TEMPLATE: Final = "authorize/frame.html"
_PARTS: Final = ("title", "meta", "main")


@dataclass(frozen=True, slots=True)
class Frame:
    """The pieces of the frame, in their order."""

    top: Markup
    head: Markup
    upper: str  # with a mark for the address of each language
    bottom: Markup

    def navigation(self, links: Sequence[dict[str, Any]]) -> Markup:
        """Return the piece that holds the language switch, for this page's addresses."""
        text = self.upper
        for link in links:
            text = text.replace(_mark(str(link["tag"])), str(escape(link["href"])))
        return Markup(text)  # noqa: S704  # rendered by us; the addresses are escaped above


def use_frames(app: Flask, languages: tuple[str, ...]) -> None:
    """Give the templates `page_frame()`: the frame in the language of the request."""
    frames: dict[str, Frame] = {}

    def page_frame() -> Frame:
        tag = language()
        if tag not in frames:
            frames[tag] = _rendered(_links(languages, tag))
        return frames[tag]

    app.jinja_env.globals["page_frame"] = page_frame


def _rendered(links: Callable[[], list[dict[str, Any]]]) -> Frame:
    rest = render_template(SOURCE, language_links=links, marks={part: _mark(part) for part in _PARTS})
    pieces = []
    for part in _PARTS:
        piece, mark, rest = rest.partition(_mark(part))
        assert mark, f"the frame has no place for {part}"
        pieces.append(piece)
    top, head, upper = pieces
    return Frame(Markup(top), Markup(head), upper, Markup(rest))  # noqa: S704  # rendered by us, from our own texts


def _links(languages: tuple[str, ...], current: str) -> Callable[[], list[dict[str, Any]]]:
    links = [{"tag": tag, "name": NAMES[tag], "current": tag == current, "href": _mark(tag)} for tag in languages]
    return lambda: links


def _mark(name: str) -> str:
    return f"\N{MATHEMATICAL LEFT WHITE SQUARE BRACKET}{name}\N{MATHEMATICAL RIGHT WHITE SQUARE BRACKET}"
