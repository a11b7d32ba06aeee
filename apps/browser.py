"""A browser small enough to read: pages over HTTP, cookies, redirects, meta refresh, forms. It runs no script.

The demonstration drives portal and authorization pages with it as a citizen's browser would, with no other way in.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urljoin, urlsplit

import httpx

from core.errors import DomainError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

_MOST_STEPS: Final = 20  # redirects and refreshes before it is a loop
_VOID: Final = frozenset({"input", "br", "hr", "img", "meta", "link", "source", "wbr"})


class UnexpectedPage(DomainError):
    """The site showed something else than what should come next."""


@dataclass
class Form:
    """A form as it would be sent: its fields with their values, and its buttons by what they say."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)
    buttons: dict[str, tuple[str, str]] = field(default_factory=dict)  # what it says → name, value
    files: list[str] = field(default_factory=list)  # names of fields that take files


@dataclass
class Page:
    """A page as a person meets it."""

    url: str
    status: int
    heading: str = ""
    text: str = ""
    forms: list[Form] = field(default_factory=list)
    links: list[tuple[str, str]] = field(default_factory=list)  # what it says, where it leads
    marked: dict[str, list[str]] = field(default_factory=dict)  # texts by CSS class
    refresh: str = ""

    def form_with(self, *names: str) -> Form:
        """Return the form that has all these fields.

        Raises:
            UnexpectedPage: there is none.
        """
        for form in self.forms:
            if {*names} <= {*form.fields, *form.files}:
                return form
        raise UnexpectedPage(f"“{self.heading}” ({self.status}, {self.url}) has no form with {', '.join(names)}")

    def form_to(self, ending: str) -> Form:
        """Return the form whose address ends so.

        Raises:
            UnexpectedPage: there is none.
        """
        for form in self.forms:
            if urlsplit(form.action).path.endswith(ending):
                return form
        raise UnexpectedPage(f"“{self.heading}” ({self.status}, {self.url}) has no form to {ending}")


class Browser:
    """Keeps cookies, and follows where a page leads."""

    def __init__(self, language: str = "ro") -> None:
        # Browsers send Secure cookies to loopback addresses over http too; cookiejar has to be told.
        self._cookies = httpx.Cookies(CookieJar(DefaultCookiePolicy(secure_protocols=("https", "http"))))
        self._client = httpx.Client(headers={"Accept-Language": language}, timeout=120.0, trust_env=False)

    def close(self) -> None:
        """End it, and forget the cookies."""
        self._client.close()

    def open(self, url: str) -> Page:
        """Return the page at an address, after its redirects and refreshes."""
        return self._follow(self._send("GET", url))

    def download(self, url: str) -> bytes:
        """Return a file.

        Raises:
            UnexpectedPage: there is none.
        """
        answer = self._send("GET", url)
        if answer.status_code != httpx.codes.OK:
            raise UnexpectedPage(f"{url}: {answer.status_code}")
        return answer.content

    def submit(
        self, page: Page, form: Form, values: Mapping[str, str], *, press: str = "", files: Sequence[Path] = ()
    ) -> Page:
        """Fill a form in, press the button with the value `press` (or the first), return where that leads."""
        data = {**form.fields, **values}
        chosen = next((each for each in form.buttons.values() if press in {"", each[1]}), ("", ""))
        if chosen[0]:
            data[chosen[0]] = chosen[1]
        parts = [(form.files[0], (each.name, each.read_bytes(), "application/pdf")) for each in files] or None
        origin = "{0.scheme}://{0.netloc}".format(urlsplit(page.url))
        headers = {"Origin": origin, "Referer": page.url}
        return self._follow(self._send("POST", form.action, data=data, files=parts, headers=headers))

    def _send(self, method: str, url: str, **content: Any) -> httpx.Response:
        request = self._client.build_request(method, url, **content)
        self._cookies.set_cookie_header(request)
        try:
            answer = self._client.send(request)
        except httpx.HTTPError as error:
            raise UnexpectedPage(f"{url} cannot be reached: {error}") from error
        self._client.cookies.clear()  # httpx copies its cookies to a jar of stricter rules; ours are kept apart
        self._cookies.extract_cookies(answer)
        return answer

    def _follow(self, answer: httpx.Response) -> Page:
        for _ in range(_MOST_STEPS):
            if answer.is_redirect:
                answer = self._send("GET", urljoin(str(answer.url), answer.headers["Location"]))
                continue
            page = read_page(str(answer.url), answer.status_code, answer.text)
            if not page.refresh:
                return page
            answer = self._send("GET", page.refresh)
        raise UnexpectedPage(f"{answer.url}: leads round in a circle")


def read_page(url: str, status: int, html: str) -> Page:
    """Return what is on a page."""
    reader = _Reader(Page(url, status))
    reader.feed(html)
    reader.close()
    reader.page.text = " ".join(" ".join(reader.words).split())
    return reader.page


class _Reader(HTMLParser):
    """Reads a page; knows just the elements that our pages use."""

    def __init__(self, page: Page) -> None:
        super().__init__()
        self.page = page
        self.words: list[str] = []
        self._open: list[tuple[str, dict[str, str], list[str]]] = []
        self._form: Form | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take an element's beginning."""
        values = {name: value or "" for name, value in attrs}
        if tag == "form":
            action = urljoin(self.page.url, values.get("action") or self.page.url)
            self._form = Form(action, values.get("method", "get"))
            self.page.forms.append(self._form)
        elif tag == "input" and self._form is not None:
            self._input(self._form, values)
        elif tag == "meta" and values.get("http-equiv", "").lower() == "refresh":
            self.page.refresh = urljoin(self.page.url, values["content"].partition("url=")[2])
        if tag not in _VOID:
            self._open.append((tag, values, []))

    def handle_data(self, data: str) -> None:
        """Take text."""
        if any(tag in {"script", "style", "head"} for tag, _values, _text in self._open):
            return
        self.words.append(data)
        for _tag, _values, text in self._open:
            text.append(data)

    def handle_endtag(self, tag: str) -> None:
        """Take an element's end."""
        while self._open:
            name, values, text = self._open.pop()
            self._close(name, values, " ".join("".join(text).split()))
            if name == tag:
                return

    def _close(self, tag: str, values: dict[str, str], text: str) -> None:
        if tag == "form":
            self._form = None
        elif tag == "button" and self._form is not None and values.get("type") != "button":
            self._form.buttons[text] = (values.get("name", ""), values.get("value", ""))
        elif tag == "a" and "href" in values:
            self.page.links.append((text, urljoin(self.page.url, values["href"])))
        elif tag == "h1":
            self.page.heading = text
        for name in values.get("class", "").split():
            self.page.marked.setdefault(name, []).append(text)

    @staticmethod
    def _input(form: Form, values: dict[str, str]) -> None:
        kind, name = values.get("type", "text"), values.get("name", "")
        if kind == "file":
            form.files.append(name)
        elif kind == "submit":
            form.buttons[values.get("value", "")] = (name, values.get("value", ""))
        elif name and (kind not in {"checkbox", "radio"} or "checked" in values):
            form.fields[name] = values.get("value", "")
