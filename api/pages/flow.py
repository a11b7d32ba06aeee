"""The signatory's way through an authorization: claim it for a browser, open it in the SAM, give the code, or leave.

The SAM decides about codes and counts them; this zone decides which browser may speak for an authorization.
"""

from __future__ import annotations

import hmac
from datetime import timedelta
from typing import Final, Literal
from urllib.parse import urlencode

from api.keys import Purpose, WebKeys
from api.oauth import authorizations
from api.oauth.authorizations import Asked, Authorization
from api.oauth.codes import Codes
from api.refusals import OtherBrowser, PageUnknown
from core.clock import Clock
from core.errors import DomainError
from signer.sam.client import SamClient
from signer.sam.protocol import (
    AuthorisedDigest,
    CancelTransaction,
    CarriedRequest,
    OpenTransaction,
    ResendCode,
    ShowTransaction,
    SubmitCode,
    TransactionView,
)
from storage.engine import Database

Language = Literal["ro", "en"]
_OPEN: Final = timedelta(minutes=20)  # how long the pages live; the SAM ends its transaction earlier


class Flow:
    """The steps of the authorization pages."""

    def __init__(
        self, database: Database, sam: SamClient, codes: Codes, keys: WebKeys, clock: Clock, issuer: str
    ) -> None:
        self._database = database
        self._sam = sam
        self._codes = codes
        self._keys = keys
        self._clock = clock
        self._issuer = issuer

    def pushed(self, client: str | None, request_uri: str | None) -> Authorization:
        """Return the authorization that a request URI names.

        Raises:
            PageUnknown: none, another client's, or its time is over.
        """
        if client is None or request_uri is None:
            raise PageUnknown("client_id and request_uri")
        mac = self._keys.mac(Purpose.REQUEST_URI, request_uri)
        with self._database.reading() as connection:
            found = authorizations.by_request(connection, mac)
        if found is None or found.client != client or self._is_over(found):
            raise PageUnknown("request_uri")
        return found

    def own(self, handle: str, browser_mac: bytes) -> Authorization:
        """Return the authorization that these pages belong to, for the browser that opened it.

        Raises:
            PageUnknown: there is none.
            OtherBrowser: another browser opened it, or none has yet.
        """
        with self._database.reading() as connection:
            found = authorizations.by_handle(connection, handle)
        if found is None:
            raise PageUnknown("handle")
        if found.browser_mac is None or not hmac.compare_digest(found.browser_mac, browser_mac):
            raise OtherBrowser
        return found

    def start(self, found: Authorization, browser_mac: bytes, language: Language) -> bool:
        """Open the transaction, which sends the code; false when another press was first.

        Raises:
            DomainError: the SAM refused or did not answer; the page may be tried again.
        """
        if not self._claim(found, browser_mac):
            return False
        try:
            view = self._sam.open_transaction(_opening(found, language))
        except DomainError:
            with self._database.transaction() as connection:
                authorizations.give_back(connection, found.handle)
            raise
        until = self._clock.now() + _OPEN
        with self._database.transaction() as connection:
            authorizations.opened(connection, found.handle, view.transaction, until)
        return True

    def _claim(self, found: Authorization, browser_mac: bytes) -> bool:
        with self._database.transaction() as connection:
            return authorizations.claim(connection, found.handle, browser_mac, self._clock.now())

    def show(self, found: Authorization) -> TransactionView:
        """Return how the transaction stands, asked of the SAM each time."""
        return self._sam.show_transaction(ShowTransaction(found.transaction or "", found.client))

    def submit(self, found: Authorization, typed: str, cookie: str) -> str:
        """Have the code judged; return the address that leads back to the portal.

        Raises:
            DomainError: as `SamClient.submit_code`; `CodeUnknown` when the authorization ended meanwhile.
        """
        authorised = self._sam.submit_code(SubmitCode(found.transaction or "", found.client, typed))
        return self._back(found.asked, {"code": self._codes.issue(found, authorised, cookie)})

    def back_with_code(self, found: Authorization, cookie: str) -> str:
        """Return the same address again, as long as the code was not redeemed.

        Raises:
            CodeUnknown: it was, or its time is over.
        """
        return self._back(found.asked, {"code": self._codes.shown_again(found, cookie)})

    def resend(self, found: Authorization) -> TransactionView:
        """Have the code sent again; after its time, a new one."""
        return self._sam.resend_code(ResendCode(found.transaction or "", found.client))

    def cancel(self, found: Authorization, browser_mac: bytes) -> str:
        """End the authorization for good, whether opened or not; return the address that leads back to the portal."""
        if found.state == "pushed":
            self._claim(found, browser_mac)
        if found.transaction is not None:
            self._sam.cancel_transaction(CancelTransaction(found.transaction, found.client))
        with self._database.transaction() as connection:
            authorizations.cancel(connection, found.handle)
        return self.back_with_error(found, "access_denied")

    def back_with_error(self, found: Authorization, error: str) -> str:
        """Return the address that tells the portal it came to nothing (RFC 6749 §4.1.2.1)."""
        return self._back(found.asked, {"error": error})

    def _back(self, asked: Asked, answer: dict[str, str]) -> str:
        if asked.state is not None:
            answer["state"] = asked.state
        answer["iss"] = self._issuer  # RFC 9207
        joint = "&" if "?" in asked.redirect_uri else "?"
        return f"{asked.redirect_uri}{joint}{urlencode(answer)}"

    def _is_over(self, found: Authorization) -> bool:
        return found.state in {"pushed", "opening"} and found.expires_at <= self._clock.now()


def _opening(found: Authorization, language: Language) -> OpenTransaction:
    asked = found.asked
    if asked.request_object is not None:
        return OpenTransaction(found.client, language, request_object=asked.request_object)
    request = asked.signature_request
    digests = [AuthorisedDigest(digest.type, digest.value, digest.label) for digest in request.digests]
    carried = CarriedRequest(asked.account, request.credential, request.hash.oid, digests)
    return OpenTransaction(found.client, language, carried=carried)
