"""One filing, page by page, as the demonstration drives it: sign in, upload, authorise, collect."""

from __future__ import annotations

import re
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import httpx

from apps.browser import Browser, Page, UnexpectedPage, read_page

if TYPE_CHECKING:
    from apps.development import Demonstration
    from core.config import Settings

_SMS_SECONDS: Final = 20.0
_CODE: Final = re.compile(r"#(\d{8})\b")


@dataclass(frozen=True, slots=True)
class Signed:
    """One document, before and after."""

    number: int
    original: Path
    signed: Path


class Report:
    """Says what happens, on the screen and in report.txt."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._began = time.monotonic()
        self._steps = 0

    def step(self, text: str) -> None:
        """Say the next step."""
        self._steps += 1
        self.say(f"{self._steps:>2}. {text}")

    def say(self, text: str) -> None:
        """Say a line."""
        self.lines.append(text)
        print(text, flush=True)

    def seconds(self) -> float:
        """Return how long it has taken so far."""
        return time.monotonic() - self._began


class Journey:
    """One filing, page by page."""

    def __init__(self, settings: Settings, citizen: Demonstration, report: Report) -> None:
        self._settings = settings
        self._citizen = citizen
        self._report = report
        self._browser = Browser()

    def run(self, originals: list[Path], folder: Path) -> list[Signed]:
        """Sign the documents and return them, saved as original-N.pdf and signed-N.pdf.

        Raises:
            UnexpectedPage: a page was not the one that should come.
        """
        try:
            page = self._sign_in()
            page = self._upload(page, originals)
            page = self._authorise(page)
            return self._collect(page, originals, folder)
        finally:
            self._browser.close()

    def _sign_in(self) -> Page:
        portal = self._settings.portal.public_origin
        self._report.step(f"Signing in to the portal at {portal} as {self._citizen.email}")
        page = self._browser.open(portal)
        form = page.form_with("email", "password")
        return self._browser.submit(page, form, {"email": self._citizen.email, "password": self._citizen.password})

    def _upload(self, page: Page, originals: list[Path]) -> Page:
        page = self._browser.submit(page, page.form_with("key"), {})
        names = ", ".join(path.name for path in originals)
        self._report.step(f"Uploading {len(originals)} PDFs: {names}")
        return self._browser.submit(page, page.form_with("files"), {}, files=originals)

    def _authorise(self, page: Page) -> Page:
        page = self._browser.submit(page, page.form_to("/authorize"), {})
        if not page.url.startswith(self._settings.service.public_origin):
            raise UnexpectedPage(f"“{page.heading}” at {page.url} instead of the authorization page")
        self._report.step(f"The portal leads to the authorization service: “{page.heading}”, on another origin")
        before = _messages(self._settings)
        page = self._browser.submit(page, page.form_with("key"), {}, press="start")
        mark = page.marked.get("city-fingerprint", [""])[0]
        code, text = self._sms(before, mark)
        self._report.step(f"An SMS arrives on the development phone: “{text.partition(' Cod:')[0]}…”")
        self._report.step(f"Fingerprint on the page and in the SMS are the same ({mark}); typing the code")
        return self._browser.submit(page, page.form_with("code"), {"code": code}, press="authorise")

    def _sms(self, before: list[str], mark: str) -> tuple[str, str]:
        """Return the code and the text of the new message, as the phone's page shows it."""
        deadline = time.monotonic() + _SMS_SECONDS
        while time.monotonic() < deadline:
            texts = _messages(self._settings)
            if texts != before:
                found = _CODE.search(texts[0])
                if found is None or not mark or mark not in texts[0]:
                    raise UnexpectedPage("the SMS has another fingerprint than the page: do not type the code")
                return found[1], texts[0]
            time.sleep(0.2)
        raise UnexpectedPage("no SMS came")

    def _collect(self, page: Page, originals: list[Path], folder: Path) -> list[Signed]:
        addresses = [address for _text, address in page.links if address.endswith("/signed.pdf")]
        if len(addresses) != len(originals):
            raise UnexpectedPage(f"“{page.heading}”: {len(addresses)} of {len(originals)} signed files. {page.text}")
        self._report.step(f"Back in the portal: “{page.heading}”. Downloading {len(addresses)} signed files")
        documents = []
        for number, (original, address) in enumerate(zip(originals, addresses, strict=True), start=1):
            document = Signed(number, folder / f"original-{number}.pdf", folder / f"signed-{number}.pdf")
            shutil.copyfile(original, document.original)
            document.signed.write_bytes(self._browser.download(address))
            documents.append(document)
        return documents


def _phone(settings: Settings) -> Page:
    answer = httpx.get(f"http://{settings.phone.listen}/", trust_env=False)
    return read_page(str(answer.url), answer.status_code, answer.text)


def _messages(settings: Settings) -> list[str]:
    """Return the messages that the phone's page shows: the newest ones, the newest first."""
    return _phone(settings).marked.get("text", [])
