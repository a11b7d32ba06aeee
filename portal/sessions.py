"""Sessions kept in the database: revocable, unreadable by the browser, a new id at every sign-in (attack Z6).

The cookie holds 256 random bits, the row their MAC. A session ends an hour after its last use, and twelve hours after its
beginning.
"""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any, Final

from flask import Flask, Request, Response
from flask.sessions import SessionInterface, SessionMixin
from sqlalchemy import delete, insert, select, update
from werkzeug.datastructures import CallbackDict

from portal.clock import Clock
from portal.database import Database
from portal.entropy import Entropy, new_token
from portal.keys import PortalKeys
from portal.tables import sessions

_IDLE: Final = timedelta(hours=1)
_WHOLE: Final = timedelta(hours=12)
_SEEN_STEP: Final = timedelta(minutes=1)  # how exactly the last use is noted: not one write a request


class PortalSession(CallbackDict[str, Any], SessionMixin):
    """A browser's session."""

    def __init__(self, data: dict[str, Any], token: str | None) -> None:
        super().__init__(data, _note_change)
        self.token = token
        self.modified = False
        self.renewed = False

    def renew(self) -> None:
        """Give this session a new id, and end the old one."""
        self.renewed = self.modified = True


def _note_change(session: CallbackDict[str, Any]) -> None:
    session.modified = True  # type: ignore[attr-defined]  # it is a PortalSession


class DatabaseSessions(SessionInterface):
    """Flask's sessions, in a table."""

    def __init__(self, database: Database, keys: PortalKeys, clock: Clock, entropy: Entropy) -> None:
        self._database = database
        self._keys = keys
        self._clock = clock
        self._entropy = entropy

    def open_session(self, app: Flask, request: Request) -> PortalSession:
        """Return the session of a request's cookie; a new one when that is unknown or over."""
        token = request.cookies.get(self.get_cookie_name(app))
        if token is None or len(token) != 43:
            return PortalSession({}, None)
        now = self._clock.now()
        mac = self._keys.mac("session", token)
        live = (sessions.c.token_mac == mac, sessions.c.seen_at > now - _IDLE, sessions.c.created_at > now - _WHOLE)
        with self._database.reading() as connection:
            row = connection.execute(select(sessions).where(*live)).one_or_none()
        if row is None:
            return PortalSession({}, None)
        if now - row.seen_at > _SEEN_STEP:
            with self._database.transaction() as connection:
                connection.execute(update(sessions).where(sessions.c.token_mac == mac).values(seen_at=now))
        return PortalSession(json.loads(row.data), token)

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Write a changed session, and its cookie when it is new."""
        assert isinstance(session, PortalSession)
        response.vary.add("Cookie")
        if not session.modified:
            return
        old = session.token
        if old is None or session.renewed:
            session.token = new_token(self._entropy)
        self._write(session, old)
        if session.token != old:
            self._set_cookie(app, response, str(session.token))

    def _write(self, session: PortalSession, old: str | None) -> None:
        now, data = self._clock.now(), json.dumps(dict(session))
        mac = self._keys.mac("session", str(session.token))
        with self._database.transaction() as connection:
            if session.token == old:
                connection.execute(update(sessions).where(sessions.c.token_mac == mac).values(data=data, seen_at=now))
                return
            if old is not None:
                connection.execute(delete(sessions).where(sessions.c.token_mac == self._keys.mac("session", old)))
            connection.execute(delete(sessions).where(sessions.c.seen_at < now - _IDLE))
            row = {"token_mac": mac, "data": data, "created_at": now, "seen_at": now}
            connection.execute(insert(sessions), row)

    def _set_cookie(self, app: Flask, response: Response, token: str) -> None:
        response.set_cookie(self.get_cookie_name(app), token, path="/", secure=True, httponly=True, samesite="Lax")
