"""Which browser a page was opened in, and whether a form came from our page in it.

1. The cookie is 256 random bits with the `__Host-` prefix; rows hold its keyed MAC. A link scanner's GET gets a cookie
   of its own and binds nothing: the browser that opens the transaction is the one the authorization belongs to
   (attacks Z1, Z2, P4).
2. A form carries a key derived from cookie and page, and its Origin, when said, is ours (attack Z5).
"""

from __future__ import annotations

import hmac
import re
from typing import Final

from flask import Request, Response

from api.forms import Form
from api.keys import Purpose, WebKeys
from api.refusals import FormForged
from core import base64url
from core.entropy import Entropy, new_token

COOKIE: Final = "__Host-paraph"
_VALUE: Final = re.compile(r"[A-Za-z0-9_-]{43}")


class Browsers:
    """Tells browsers apart."""

    def __init__(self, keys: WebKeys, entropy: Entropy, public_origin: str) -> None:
        self._keys = keys
        self._entropy = entropy
        self._origin = public_origin

    def cookie(self, request: Request) -> str:
        """Return the request's cookie, or a new value for a browser that has none."""
        value = request.cookies.get(COOKIE, "")
        return value if _VALUE.fullmatch(value) else new_token(self._entropy)

    def keep(self, response: Response, cookie: str) -> Response:
        """Have the browser keep its cookie for the session."""
        response.set_cookie(COOKIE, cookie, secure=True, httponly=True, samesite="Lax", path="/")
        return response

    def mac(self, cookie: str) -> bytes:
        """Return what is stored of a cookie."""
        return self._keys.mac(Purpose.BROWSER, cookie)

    def form_key(self, cookie: str, handle: str) -> str:
        """Return the key of the forms that this browser may send for an authorization."""
        return base64url.encode(self._keys.mac(Purpose.FORM, f"{cookie}:{handle}"))

    def check_form(self, request: Request, form: Form, cookie: str, handle: str) -> None:
        """Check that a form was made by our page in this browser.

        Raises:
            FormForged: it was not.
        """
        if request.headers.get("Origin", self._origin) != self._origin:
            raise FormForged("origin")
        if not hmac.compare_digest(form.get("key", "").encode(), self.form_key(cookie, handle).encode()):
            raise FormForged("form key")
