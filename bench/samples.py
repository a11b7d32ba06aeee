"""PDFs of a wanted size: two pages of text, and as much incompressible picture as is missing."""

from __future__ import annotations

import io

from PIL import Image
from reportlab.lib.pagesizes import A4
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from core.entropy import SystemEntropy

SIZES = {"50 kB": 50_000, "1 MB": 1_000_000, "20 MB": 20_000_000}


def pdf_of(size: int) -> bytes:
    """Return a PDF of about `size` bytes."""
    buffer = io.BytesIO()
    canvas = Canvas(buffer, pagesize=A4, pageCompression=1)
    for page in range(2):
        canvas.drawString(72, 760, f"Cerere, pagina {page + 1}")
        for line in range(40):
            canvas.drawString(72, 720 - 15 * line, f"Rândul {line}: text de cerere pentru măsurare")
        if page == 1 and size > 10_000:
            canvas.drawImage(ImageReader(_noise(size - 5_000)), 72, 100, 200, 200)
        canvas.showPage()
    canvas.save()
    return buffer.getvalue()


def _noise(size: int) -> Image.Image:
    """Return a grey picture that compresses to nothing less than `size` bytes (ASCII85 adds a quarter)."""
    side = max(8, int((size * 0.8) ** 0.5))
    return Image.frombytes("L", (side, side), SystemEntropy().token_bytes(side * side))
