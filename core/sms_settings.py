"""Settings of text messages: through which gateways they go, and where those may report what became of them."""

from __future__ import annotations

import re
from ipaddress import ip_network
from pathlib import Path  # msgspec reads the annotations at run time
from typing import Final, Literal, TypeAlias
from urllib.parse import urlsplit

import msgspec

_NAME: Final = re.compile(r"[a-z0-9-]{1,20}")
_SECONDS: Final = 8.0  # for all gateways together: whoever waits for the SAM waits ten


class OutboxGateway(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="outbox"):
    """The development phone."""


class KannelGateway(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="kannel"):
    """A gateway that takes messages as Kannel's `sendsms` does."""

    name: str
    url: str
    username: str
    password_file: Path
    request: Literal["post", "get"] = "post"
    smsc: str = ""
    seconds: float = 3.0

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name) or self.name == "outbox":
            raise ValueError("name: 1 to 20 of a-z, 0-9 and hyphen, and not outbox")
        parts = urlsplit(self.url)
        if not parts.hostname or parts.username is not None or "?" in self.url or "#" in self.url:
            raise ValueError("url: a host and a path, without user, query and fragment")
        if not all(value.isascii() and value.isprintable() for value in (self.username, self.smsc)):
            raise ValueError("username and smsc: printable ASCII")
        if not 0.1 <= self.seconds <= _SECONDS:
            raise ValueError(f"seconds: between 0.1 and {_SECONDS:.0f}")


Gateway: TypeAlias = OutboxGateway | KannelGateway


class Sms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Text messages."""

    gateways: tuple[Gateway, ...]
    reports_listen: str
    reports_url: str
    reports_peers: tuple[str, ...]

    def __post_init__(self) -> None:
        kannels = self.kannels
        names = [gateway.name for gateway in kannels]
        if not self.gateways or len(self.gateways) - len(kannels) > 1 or len(set(names)) < len(names):
            raise ValueError("gateways: at least one, each of its own name, the outbox at most once")
        if sum(gateway.seconds for gateway in kannels) > _SECONDS:
            raise ValueError(f"gateways: their seconds together at most {_SECONDS:.0f}")
        for peer in self.reports_peers:
            try:
                ip_network(peer)
            except ValueError as error:
                raise ValueError(f"reports_peers: {error}") from None

    @property
    def kannels(self) -> tuple[KannelGateway, ...]:
        """The gateways that really send."""
        return tuple(gateway for gateway in self.gateways if isinstance(gateway, KannelGateway))

    @property
    def to_outbox(self) -> bool:
        """Whether messages go to the development phone, be it only when other gateways fail."""
        return any(isinstance(gateway, OutboxGateway) for gateway in self.gateways)

    @property
    def hops(self) -> tuple[tuple[str, str], ...]:
        """Where codes, passwords and reports pass: addresses, each with the name of its setting."""
        reports = (("sms.reports_url", self.reports_url),) if self.reports_listen else ()
        return (*(("sms.gateways.url", gateway.url) for gateway in self.kannels), *reports)
