"""Logging: one JSON object a line, with the request it belongs to, and nothing secret in it.

Rules of this module (attack I7):
1. A value is written only if its type is known to be harmless: numbers, text, instants, enum members, and lists and
   dictionaries of those. Bytes become their length, everything else the name of its type. A `Secret` is never opened.
2. Text passes a net for what looks like a code, a token, a phone or personal number, an e-mail address or the query
   of a URL. The net is a second line: the first is that nobody hands such text to a logger.
3. A traceback tells files, lines and functions; no source text, no values.
"""

from __future__ import annotations

import logging
import re
import traceback
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TextIO

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator

_request: Final[ContextVar[str]] = ContextVar("request", default="")
_own_fields: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_encoder: Final = msgspec.json.Encoder(enc_hook=lambda value: f"<{type(value).__name__}>")

_NET: Final = (
    (re.compile(r"\?[^\s\"'<>]+"), "?…"),  # the query of a URL: authorization codes travel there
    (re.compile(r"[^\s@<>\"']+@[^\s@<>\"']+"), "…@…"),
    (re.compile(r"[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}"), "…"),  # JWS, JWT
    (re.compile(r"[A-Za-z0-9_+/-]{40,}={0,2}"), "…"),  # 256-bit tokens and longer
    (re.compile(r"\+?(?<![A-Za-z0-9])\d{4}[ -]?\d{4}(?!\d)"), "…"),  # a code as people write it
    (re.compile(r"\d{9,}"), "…"),  # phone and personal numbers
)


@contextmanager
def request_scope(request_id: str) -> Iterator[None]:
    """Mark every line logged in the block with the request it belongs to."""
    token = _request.set(request_id)
    try:
        yield
    finally:
        _request.reset(token)


def current_request() -> str:
    """Return the id of the request being answered, or the empty string."""
    return _request.get()


def harmless(text: str) -> str:
    """Return `text` with everything that looks like a secret or a person taken out."""
    for pattern, mask in _NET:
        text = pattern.sub(mask, text)
    return text


def shown(value: object) -> Any:
    """Return what a log may say of a value."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, Enum):
        return harmless(value.name)
    if isinstance(value, str | Path):
        return harmless(str(value))
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, bytes | bytearray | memoryview):
        return f"<{len(value)} bytes>"
    if isinstance(value, dict):
        return {harmless(str(key)): shown(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [shown(item) for item in value]
    if isinstance(value, BaseException):
        return f"{type(value).__name__}: {harmless(str(value))}"
    return f"<{type(value).__name__}>"


class JsonLines(logging.Formatter):
    """Writes a record as one line of JSON."""

    def __init__(self, zone: str) -> None:
        super().__init__()
        self._zone = zone

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, without its end."""
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "zone": self._zone,
            "process": record.process,
            "logger": record.name,
            "event": _message(record),
        }
        if _request.get():
            line["request"] = _request.get()
        line |= {name: shown(value) for name, value in vars(record).items() if name not in _own_fields}
        if record.exc_info and record.exc_info[1] is not None:
            line["raised"] = _raised(record.exc_info[1])
        return _encoder.encode(line).decode()


def _message(record: logging.LogRecord) -> str:
    args = record.args
    if isinstance(args, dict):
        args = {name: shown(value) for name, value in args.items()}
    elif args:
        args = tuple(shown(value) for value in args)
    try:
        return harmless(str(record.msg) % args if args else str(record.msg))
    except (TypeError, ValueError):
        return harmless(str(record.msg))


def _raised(error: BaseException) -> list[dict[str, Any]]:
    """Return the exception and what caused it, outermost first."""
    chain: list[dict[str, Any]] = []
    step: BaseException | None = error
    while step is not None and len(chain) < 10:
        frames = traceback.extract_tb(step.__traceback__)
        where = [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames]
        chain.append({"error": type(step).__name__, "detail": harmless(str(step)), "trace": where[-25:]})
        step = step.__cause__ or (None if step.__suppress_context__ else step.__context__)
    return chain


def configure(zone: str, stream: TextIO, level: int = logging.INFO) -> None:
    """Have every logger of this process write JSON lines to `stream`; what was set up before is dropped."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines(zone))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    logging.captureWarnings(capture=True)
    for chatty in ("httpx", "httpcore", "pyhanko", "pyhanko_certvalidator", "fontTools", "PIL", "asyncio"):
        logging.getLogger(chatty).setLevel(max(level, logging.WARNING))
