"""JSON from outside, read without the liberties the standard library takes.

Two readers that resolve a liberty differently see two requests (attack P8): so a repeated key, NaN and infinities, lone
surrogates, numbers of thousands of digits and deep nesting are refused, and so is anything that is not an object. Nor may
there be millions of values: what is 70 MB of text would be gigabytes of them.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final, NoReturn

from core.errors import Malformed

_MAX_DEPTH = 20
_MAX_DIGITS = 20
_MAX_COMMAS = 100_000  # so at most as many values: an honest request has some thousand, and each costs memory
_SURROGATE: Final = re.compile(rb"\\u[dD][89a-fA-F]")

Json = dict[str, Any]


def loads(data: bytes) -> Json:
    """Return the JSON object in `data` (UTF-8).

    Raises:
        Malformed: not JSON, not an object, or one of the liberties above.
    """
    if data.count(b",") > _MAX_COMMAS:
        raise Malformed("JSON: too many values")
    _check_depth(data)
    try:
        value = json.loads(
            data.decode("utf-8"),
            object_pairs_hook=_no_repeated_keys,
            parse_constant=_no_constants,
            parse_int=_short_int,
        )
        if _SURROGATE.search(data):  # only an escape can bring one in; looking first spares megabytes of base64
            json.dumps(value, ensure_ascii=False).encode()  # a lone surrogate has no UTF-8
    except (ValueError, RecursionError) as error:
        raise Malformed(f"JSON: {error}") from error
    if not isinstance(value, dict):
        raise Malformed("JSON: not an object")
    return value


def _check_depth(data: bytes) -> None:
    # Brackets inside strings count too: an honest request has no twenty of them in a row of openings.
    depth = 0
    for byte in data.translate(None, delete=_OTHERS):
        depth += 1 if byte in b"[{" else -1
        if depth > _MAX_DEPTH:
            raise Malformed("JSON: nested too deep")


_OTHERS = bytes(b for b in range(256) if b not in b"[]{}")


def _no_repeated_keys(pairs: list[tuple[str, Any]]) -> Json:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise Malformed("JSON: a key is repeated")
    return value


def _no_constants(name: str) -> NoReturn:
    raise Malformed(f"JSON: {name}")


def _short_int(digits: str) -> int:
    if len(digits) > _MAX_DIGITS:
        raise Malformed("JSON: a number of too many digits")
    return int(digits)
