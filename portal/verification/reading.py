"""Reading a file that may be hostile: strictly where the original allows it, and with one refusal for whatever happens."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO

from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation.errors import SignatureValidationError

from portal.verification.failures import NotUnderstood, VerificationFailed


def read(content: bytes, *, strict: bool | None = None) -> tuple[PdfFileReader, bool]:
    """Return a file, and whether it was read strictly; unless that is given, tolerance is for what needs it."""
    if strict is not None:
        return PdfFileReader(BytesIO(content), strict=strict), strict
    try:
        return PdfFileReader(BytesIO(content), strict=True), True
    except PdfError:
        return PdfFileReader(BytesIO(content), strict=False), False


@contextmanager
def understood() -> Iterator[None]:
    """Turn whatever a hostile file does to the reader into one refusal."""
    try:
        yield
    except VerificationFailed:
        raise
    except (PdfError, SignatureValidationError, ValueError, TypeError, KeyError, IndexError, AttributeError) as error:
        raise NotUnderstood(f"{type(error).__name__}: {error}"[:300]) from error
    except (RecursionError, AssertionError, ArithmeticError, NotImplementedError) as error:
        raise NotUnderstood(type(error).__name__) from error
