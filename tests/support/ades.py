"""pyHanko's AdES validation (EN 319 102-1), offline, with a root and nothing else to trust, at any instant."""

from __future__ import annotations

import asyncio
import io
from datetime import datetime

import time_machine
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko.pdf_utils.reader import PdfFileReader

from apps import ades as judge


def ades(signed: bytes) -> PdfFileReader:
    """Return pyHanko's reader of a file."""
    return PdfFileReader(io.BytesIO(signed))


def lta_verdict(signed: bytes, root: x509.Certificate, at: datetime, **knowledge):
    """Return what pyHanko says of the last signature as one of level LTA, with the clock at an instant."""
    embedded = ades(signed).embedded_regular_signatures[-1]
    with time_machine.travel(at, tick=False):
        validation = judge.lta_validation(embedded, root.public_bytes(Encoding.DER), **knowledge)
        return asyncio.run(validation).ades_subindic


def level_of(signed: bytes, root: x509.Certificate, at: datetime) -> str:
    """Return the level at which pyHanko finds the last signature valid at an instant; raise when at none."""
    with time_machine.travel(at, tick=False):
        return judge.level_of(signed, root.public_bytes(Encoding.DER))
