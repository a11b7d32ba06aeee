"""What a zone's protocol consists of, and how a message becomes bytes.

A protocol names its calls; each call has a request type, a reply type and a size limit. Messages are msgspec structs
in MessagePack: strictly typed, unknown fields refused (attack W7), no code in them. A failure travels as the name of a
`DomainError` that the protocol lists, with its detail; any other failure is just `Unavailable`.
The page for people is `docs/zone-protocol.md`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

import msgspec

from core.errors import DomainError, Malformed, Unavailable

VERSION: Final = 1
SMALL: Final = 1_000_000  # bytes: enough for every message that carries no document


class Message(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The base of every request and reply."""


class Done(Message, frozen=True):
    """The reply of a call that has nothing to tell."""


class Health(Message, frozen=True):
    """Ask a zone to prove that it can do its work; every protocol has this call."""


class Failure(Message, frozen=True):
    """How a refusal travels: the error's class name, its detail, and the fields of errors that carry facts."""

    error: str
    detail: str
    facts: dict[str, str | int | bool] = {}


@dataclass(frozen=True, slots=True)
class Call:
    """One call: what is asked, what is answered, and how many bytes the request may have."""

    request: type[Message]
    reply: type[Message]
    limit: int = SMALL
    seconds: float = 10.0  # how long the caller waits


@dataclass(frozen=True)
class Protocol:
    """The calls of one zone's socket and the errors they may raise."""

    name: str
    calls: tuple[Call, ...]
    errors: tuple[type[DomainError], ...] = ()
    by_name: dict[str, Call] = field(init=False)
    errors_by_name: dict[str, type[DomainError]] = field(init=False)

    def __post_init__(self) -> None:
        calls = (*self.calls, Call(Health, Done))
        object.__setattr__(self, "by_name", {call.request.__name__: call for call in calls})
        errors = (*self.errors, Malformed, Unavailable)
        object.__setattr__(self, "errors_by_name", {error.__name__: error for error in errors})

    def path(self, name: str) -> str:
        """Return the address of a call: protocol, version, name of the request type."""
        return f"/{self.name}/{VERSION}/{name}"


M = TypeVar("M", bound=Message)

_encoder: Final = msgspec.msgpack.Encoder()
_failures: Final = msgspec.msgpack.Decoder(Failure)
_decoders: Final[dict[type[Message], msgspec.msgpack.Decoder[Any]]] = {}


def encode(message: Message) -> bytes:
    """Return the MessagePack bytes of a message."""
    return _encoder.encode(message)


def decode(kind: type[M], data: bytes) -> M:
    """Return the message of this kind in `data`.

    Raises:
        Malformed: not MessagePack, a field missing, unknown, or of another type.
    """
    decoder = _decoders.setdefault(kind, msgspec.msgpack.Decoder(kind))
    try:
        return decoder.decode(data)  # type: ignore[no-any-return]  # the decoder was made for this kind
    except (msgspec.MsgspecError, RecursionError) as error:
        raise Malformed(str(error)) from error


def failure_of(protocol: Protocol, error: DomainError) -> Failure:
    """Return how an error travels: under the most exact name that the protocol lists, with its detail.

    Its facts are its attributes that are numbers, text, or true or false.
    """
    names = [kind.__name__ for kind in type(error).__mro__]
    name = next((name for name in names if name in protocol.errors_by_name), names[0])
    facts = {k: v for k, v in vars(error).items() if k != "detail" and isinstance(v, str | int)}
    return Failure(name, error.detail, facts)


def raise_failure(protocol: Protocol, data: bytes) -> None:
    """Raise the error that a zone answered with.

    Raises:
        DomainError: the one it named; `Unavailable` when the protocol does not list it.
    """
    try:
        failure = _failures.decode(data)
    except msgspec.MsgspecError as error:
        raise Unavailable(f"{protocol.name}: unreadable answer") from error
    kind = protocol.errors_by_name.get(failure.error)
    if kind is None:
        raise Unavailable(f"{protocol.name}: {failure.error}: {failure.detail}")
    refusal = kind.__new__(kind)  # errors with facts take them as arguments; here they are laid on afterwards
    DomainError.__init__(refusal, failure.detail)
    for name, value in failure.facts.items():
        setattr(refusal, name, value)
    raise refusal
