"""Earlier signatures: how many there are, and which are broken already before ours is added."""

from __future__ import annotations

import hashlib
import logging
from typing import Any, Final

from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import ModificationLevel
from pyhanko.sign.validation import SignatureCoverageLevel
from pyhanko.sign.validation.generic_cms import validate_sig_integrity

from core.errors import DomainError
from preflight.protocol import DocumentRefused

log = logging.getLogger(__name__)
_MAX_SIGNATURES: Final = 50


def broken_signatures(reader: PdfFileReader) -> set[str]:
    """Return the field names of signatures that do not hold: other bytes, wrong value, or forbidden changes after.

    Raises:
        DocumentRefused: there are too many to look at.
    """
    embedded = reader.embedded_signatures
    if len(embedded) > _MAX_SIGNATURES:
        raise DocumentRefused("too-heavy", f"{len(embedded)} signatures")
    return {str(one.field_name) for one in embedded if not _holds(one)}


def _holds(one: Any) -> bool:
    try:
        one.compute_integrity_info(skip_diff=one.reader.encrypted)  # over encrypted values it gives false alarms
        holds = _value_holds(one)
    except (MemoryError, DomainError):
        raise
    except Exception as error:  # noqa: BLE001  # a signature that cannot be read does not hold
        log.info("earlier signature unreadable", extra={"error": type(error).__name__})
        return False
    covered = one.coverage >= SignatureCoverageLevel.ENTIRE_REVISION
    return holds and covered and _level(one) is not ModificationLevel.OTHER


def _value_holds(one: Any) -> bool:
    digest = one.compute_digest()
    if one.sig_object_type == "/DocTimeStamp":
        content = one.signed_data["encap_content_info"]["content"]
        if content.parsed["message_imprint"]["hashed_message"].native != digest:
            return False
        kind = one.signer_info["digest_algorithm"]["algorithm"].native
        return _intact(one, "tst_info", hashlib.new(kind, content.contents).digest())
    return _intact(one, "data", digest)


def _intact(one: Any, content_type: str, digest: bytes) -> bool:
    intact, valid = validate_sig_integrity(one.signer_info, one.signer_cert, content_type, digest)
    return bool(intact and valid)


def _level(one: Any) -> ModificationLevel:
    result = one.diff_result
    if result is None:
        return ModificationLevel.NONE
    return getattr(result, "modification_level", ModificationLevel.OTHER)
