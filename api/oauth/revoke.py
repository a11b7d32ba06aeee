"""Token revocation (RFC 7009; CSC API v2 §8.2.5 answers 204)."""

from __future__ import annotations

from typing import Final

from api.forms import Form
from api.keys import WebKeys
from api.oauth import tokens
from api.oauth.authentication import Authentication
from api.refusals import InvalidTokenHint, MissingParameter
from core.clock import Clock
from signer.sam.client import SamClient
from signer.sam.errors import SadInvalid, TransactionUnknown
from signer.sam.protocol import RevokeSad
from storage.engine import Database

LIMIT: Final = 10_000  # bytes of the form
_HINTS: Final = (None, "access_token", "refresh_token")


class RevocationEndpoint:
    """Ends tokens at their client's wish."""

    def __init__(
        self, database: Database, authentication: Authentication, keys: WebKeys, sam: SamClient, clock: Clock
    ) -> None:
        self._database = database
        self._authentication = authentication
        self._keys = keys
        self._sam = sam
        self._clock = clock

    def revoke(self, form: Form, authorization: str | None) -> None:
        """Revoke a token of the client's own; for any other, do nothing and say nothing (RFC 7009 §2.2).

        Raises:
            MissingParameter, InvalidTokenHint: no token, or a hint that is none.
            Unavailable: the SAM could not be told; the token is revoked here all the same, and may be revoked again.
        """
        client = self._authentication.client_of(form, authorization)
        value = form.get("token")
        if value is None:
            raise MissingParameter("token")
        if form.get("token_type_hint") not in _HINTS:
            raise InvalidTokenHint
        now = self._clock.now()
        with self._database.transaction() as connection:
            token = tokens.find(connection, self._keys, value)
            if token is None or token.client != client.client:
                return
            tokens.revoke(connection, self._keys, value, now)
        if token.kind == "credential":
            self._tell_sam(value, client.client)

    def _tell_sam(self, sad: str, client: str) -> None:
        try:
            self._sam.revoke_sad(RevokeSad(sad, client))
        except (SadInvalid, TransactionUnknown):
            return  # it opens nothing there any more
