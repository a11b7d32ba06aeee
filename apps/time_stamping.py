"""Carrying a log's question to the time-stamping authority and the answer back: the logs' own zones speak to nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING

from channel.protocol import Done
from channel.stamping import AskStamp, KeepStamp, StampWanted
from core.time_stamp import LONGEST_ANSWER

if TYPE_CHECKING:
    from channel.client import Channel
    from signer.outside import Outside


def carry(zone: Channel, outside: Outside, url: str) -> None:
    """Have a zone's checkpoint time-stamped, if one is due. Source: RFC 3161 §3.4.

    Raises:
        Unavailable: zone or authority do not answer; the checkpoint waits.
        DomainError: the zone does not believe the answer; the checkpoint waits.
    """
    wanted = zone.call(AskStamp(), StampWanted)
    if wanted.request:
        answer = outside.post(
            url,
            wanted.request,
            media_type="application/timestamp-query",
            answer_type="application/timestamp-reply",
            limit=LONGEST_ANSWER,
        )
        zone.call(KeepStamp(wanted.number, answer), Done)
