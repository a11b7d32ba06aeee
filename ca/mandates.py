"""Who may do what, where one person is enough. What takes two is in `ca.dual_control`.

| who | how the zone knows | may |
|---|---|---|
| administrator | a session (`ca.sessions`) | everything below |
| operator | may open the socket `ca-admin`, says who it is | suspend; publish lists anew; renew the responder's certificate for its key |
| signatory | an order that the SAM signed, after a code sent to their phone (`ca.orders`) | revoke their own certificate |

So without a login or the signatory's own word nothing can be done that gives a key power, ends a certificate for good, or
lets one be used again: an operator can put the brake on, and keep alive by a timer what an administrator set up.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal, TypeAlias

from sqlalchemy import Connection

from ca.admin_protocol import By, ByAdmin, NotMandated
from ca.sessions import Sessions

Role: TypeAlias = Literal["admin", "operator"]
Deed: TypeAlias = Literal["certify", "renew responder", "revoke", "suspend", "resume", "publish"]

_BY_ANYBODY: Final[frozenset[Deed]] = frozenset({"suspend", "publish", "renew responder"})
MANDATES: Final[Mapping[Role, frozenset[Deed]]] = MappingProxyType(
    {"operator": _BY_ANYBODY, "admin": _BY_ANYBODY | {"certify", "revoke", "resume"}}
)
_LONGEST_USER: Final = 60


class Mandates:
    """Checks who asks, and whether they may."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    def check(self, connection: Connection, by: By, deed: Deed) -> str:
        """Return who asks, as the audit log says it.

        Raises:
            NotSignedIn: nobody's session.
            NotMandated: they may not do this.
        """
        role, name = self._who(connection, by)
        if deed not in MANDATES[role]:
            raise NotMandated(f"to {deed}: sign in as an administrator")
        return f"{role} {name}"

    def _who(self, connection: Connection, by: By) -> tuple[Role, str]:
        if isinstance(by, ByAdmin):
            return "admin", self._sessions.signed_in(connection, by.session).name
        return "operator", by.user[:_LONGEST_USER]
