"""Carrying a log's question to the time-stamping authority and the answer back: the logs' own zones speak to nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import httpx

from channel.protocol import Done
from channel.stamping import AskStamp, KeepStamp, StampWanted
from core import addresses
from core.errors import Unavailable
from core.time_stamp import LONGEST_ANSWER

if TYPE_CHECKING:
    from channel.client import Channel
    from core.config import Settings

_SECONDS: Final = 10.0


def authority_url(settings: Settings) -> str:
    """Return where time-stamps are asked for: the `status` zone."""
    return f"http://{settings.status.listen}{addresses.TIME_STAMP}"


def carry(zone: Channel, url: str) -> None:
    """Have a zone's checkpoint time-stamped, if one is due.

    Raises:
        Unavailable: zone or authority do not answer; the checkpoint waits.
        DomainError: the zone does not believe the answer; the checkpoint waits.
    """
    wanted = zone.call(AskStamp(), StampWanted)
    if wanted.request:
        zone.call(KeepStamp(wanted.number, _ask(url, wanted.request)), Done)


def _ask(url: str, request: bytes) -> bytes:
    """Return the body of an authority's answer, whatever it says. Source: RFC 3161 §3.4."""
    headers = {"Content-Type": "application/timestamp-query"}
    try:
        with (
            httpx.Client(timeout=_SECONDS, trust_env=False) as client,
            client.stream("POST", url, content=request, headers=headers) as answer,
        ):
            if answer.status_code != httpx.codes.OK:
                raise Unavailable(f"{url}: answers {answer.status_code}")
            body = b""
            for part in answer.iter_bytes(4096):
                body += part
                if len(body) > LONGEST_ANSWER:
                    raise Unavailable(f"{url}: an endless answer")
            return body
    except httpx.HTTPError as error:
        raise Unavailable(f"{url}: {type(error).__name__}") from error
