"""Make the sample filing anew: `python samples/make.py`. Needs Chromium and Ghostscript; the results are committed."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

from fpdf import FPDF
from reportlab.lib.pagesizes import A4
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

HERE = Path(__file__).parent
FONT = "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"
DECLARATION = (
    "Subsemnata, Ana-Ioana Pățcă Țurcanu, cunoscând prevederile legii penale privind falsul în declarații, declar pe "
    "propria răspundere că sunt proprietara imobilului și că lucrările nu afectează structura de rezistență a clădirii. "
    "Document de test, fără valoare juridică."
)


def request() -> None:
    """Print the request from a page with Chromium."""
    options = ["--headless", "--no-sandbox", "--no-pdf-header-footer", f"--print-to-pdf={HERE / 'cerere.pdf'}"]
    subprocess.run(["chromium", *options, str(HERE / "sources" / "cerere.html")], check=True, capture_output=True)


def declaration() -> None:
    """Write the declaration with fpdf2."""
    pdf = FPDF()
    pdf.set_title("Declarație pe propria răspundere")
    pdf.set_producer("fpdf2")
    pdf.add_font("DejaVu", fname=FONT)
    pdf.add_page()
    pdf.set_font("DejaVu", size=16)
    pdf.cell(text="Declarație pe propria răspundere")
    pdf.ln(20)
    pdf.set_font("DejaVu", size=12)
    pdf.multi_cell(0, 8, DECLARATION)
    pdf.output(str(HERE / "declaratie.pdf"))


def plan() -> None:
    """Draw the site plan with ReportLab and have Ghostscript write it."""
    pdfmetrics.registerFont(TTFont("DejaVu", FONT))
    with tempfile.TemporaryDirectory() as folder:
        drawn = Path(folder) / "plan.pdf"
        canvas = Canvas(str(drawn), pagesize=A4)
        canvas.setTitle("Plan de amplasament")
        canvas.setFont("DejaVu", 16)
        canvas.drawString(72, 770, "Plan de amplasament și delimitare, scara 1:500")
        canvas.setFont("DejaVu", 10)
        canvas.rect(120, 300, 340, 380)
        canvas.rect(200, 420, 160, 140)
        canvas.drawString(215, 490, "Construcție existentă")
        canvas.drawString(125, 285, "Strada Știrbei Vodă")
        canvas.drawString(72, 120, "Întocmit: ing. Ștefan Mureșan. Document de test, fără valoare juridică.")
        canvas.showPage()
        canvas.save()
        subprocess.run(["gs", "-q", "-sDEVICE=pdfwrite", "-o", str(HERE / "plan.pdf"), str(drawn)], check=True)


if __name__ == "__main__":
    request()
    declaration()
    plan()
