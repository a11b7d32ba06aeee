"""What a signature in a PDF covers: the whole file but the hexadecimal string that holds the signature (attack H5).

Source: ISO 32000-1 §12.8.1; EN 319 142-1 §5.3.
"""

from __future__ import annotations

import re
from typing import Any, Final

from portal.verification.der import encoded_length
from portal.verification.failures import ByteRangeWrong, CmsMalformed

_HEX: Final = re.compile(rb"<((?:[0-9A-Fa-f]{2})+)>")


def covered(content: bytes, ranges: Any, contents: Any, after: int) -> tuple[bytes, bytes]:
    """Return the bytes a signature covers, and its CMS.

    `ranges` and `contents` are /ByteRange and /Contents of the signature dictionary; the gap must lie after the first
    `after` bytes, in what was added.

    Raises:
        ByteRangeWrong: not exactly the whole file but /Contents.
        CmsMalformed: /Contents is no DER value with zeros behind.
    """
    start, first, second, last = _four(ranges)
    if start != 0 or not after <= first < second or second + last != len(content):
        raise ByteRangeWrong(f"{start} {first} {second} {last} of {len(content)} bytes")
    gap = _HEX.fullmatch(content[first:second])
    if gap is None:
        raise ByteRangeWrong("the gap is not one hexadecimal string")
    value = bytes.fromhex(gap[1].decode())
    if not isinstance(contents, bytes) or contents != value:
        raise ByteRangeWrong("/Contents stands elsewhere")
    cms = value[: encoded_length(value)]
    if value[len(cms) :].strip(b"\0"):
        raise CmsMalformed("something behind the CMS")
    return content[:first] + content[second:], cms


def _four(ranges: Any) -> tuple[int, int, int, int]:
    if not isinstance(ranges, list) or len(ranges) != 4 or not all(isinstance(each, int) for each in ranges):
        raise ByteRangeWrong("/ByteRange is not four numbers")
    start, first, second, last = (int(each) for each in ranges)
    return start, first, second, last
