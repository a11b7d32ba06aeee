"""Documents of every ordinary kind, made on the spot (class A of the list of odd PDFs); `ORDINARY` names them all.

The odd ones are in `tests.support.odd_pdfs`, the hostile ones in `tests.support.hostile_pdfs`.
"""

from __future__ import annotations

import functools
import io
import re
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

import img2pdf
import pikepdf
from fpdf import FPDF
from pikepdf import Array, Dictionary, Name, Pdf, String
from PIL import Image
from reportlab.pdfgen import canvas

Generator = Callable[[], bytes]
VECTORS = Path(__file__).parents[1] / "vectors"


@functools.cache
def plain() -> bytes:
    """Two pages of text, upper half only, so that every corner below is free. Cross-reference table."""
    out = io.BytesIO()
    paper = canvas.Canvas(out, invariant=1, pageCompression=0)
    for page in range(2):
        for line in range(20):
            paper.drawString(60, 720 - 15 * line, f"Pagina {page + 1}, randul {line + 1}: cerere catre primarie")
        paper.showPage()
    paper.save()
    return normal(out.getvalue())


def normal(data: bytes) -> bytes:
    """Let qpdf write a file with a plain cross-reference table."""
    return qpdf(data, "--object-streams=disable", "--compress-streams=n", "--deterministic-id")


@functools.cache
def form(value: str | None = None, *, need_appearances: bool = False) -> bytes:
    """A text field, empty or with a value that its appearance does not show."""
    out = io.BytesIO()
    paper = canvas.Canvas(out, invariant=1)
    paper.drawString(60, 720, "Declaratie")
    paper.acroForm.textfield(name="nume", x=60, y=640, width=200, height=24)
    paper.save()

    def change(pdf: Pdf) -> None:
        if value is not None:
            pdf.Root.AcroForm.Fields[0].V = String(value)
        elif "/V" in pdf.Root.AcroForm.Fields[0]:
            del pdf.Root.AcroForm.Fields[0]["/V"]
        if need_appearances:
            pdf.Root.AcroForm.NeedAppearances = True

    return changed(out.getvalue(), change)


def changed(data: bytes, change: Callable[[Pdf], object], **options: object) -> bytes:
    """Let pikepdf change a file and write it anew."""
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(data)) as pdf:
        change(pdf)
        pdf.save(out, deterministic_id=not pdf.is_encrypted and "encryption" not in options, **options)
    return out.getvalue()


def tool(data: bytes, *command: str, result: str = "out.pdf") -> bytes:
    """Run a program on `in.pdf` in a folder of its own; return `out.pdf`."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "in.pdf").write_bytes(data)
        subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=120)
        return (Path(folder) / result).read_bytes()


def qpdf(data: bytes, *options: str) -> bytes:
    """Let qpdf rewrite a file."""
    return tool(data, "qpdf", *options, "in.pdf", "out.pdf")


@functools.cache
def browser() -> bytes:
    """A tagged file, as Chromium prints it."""
    page = (
        "<html lang=ro><meta charset=utf-8><title>Cerere</title><h1>Cerere</h1>"
        "<p>Subsemnata Țăndărică Ioana, domiciliată în București, vă rog să aprobați planul.</p>"
    )
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "in.html").write_text(page)
        options = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--no-pdf-header-footer",
            f"--user-data-dir={folder}/p",
        ]
        command = ["chromium", *options, "--print-to-pdf=out.pdf", "in.html"]
        subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=120)
        return (Path(folder) / "out.pdf").read_bytes()


def ghostscript(*options: str) -> bytes:
    return tool(plain(), "gs", "-q", "-sDEVICE=pdfwrite", *options, "-o", "out.pdf", "in.pdf")


def scan(pages: int = 1) -> bytes:
    """Pages that are a picture each."""
    out = io.BytesIO()
    Image.effect_noise((300, 420), 40).resize((1240, 1754)).convert("RGB").save(out, "JPEG", quality=60)
    return bytes(img2pdf.convert([out.getvalue()] * pages))


def fpdf2() -> bytes:
    paper = FPDF()
    paper.add_page()
    paper.set_font("helvetica", size=12)
    paper.cell(text="Declaratie pe propria raspundere")
    return bytes(paper.output())


def many_revisions(count: int = 40) -> bytes:
    """A file with empty updates, one after the other."""
    data = plain()
    size = re.search(rb"/Size (\d+)", data)
    root = re.search(rb"/Root (\d+ 0 R)", data)
    assert size is not None
    assert root is not None
    for _ in range(count):
        previous = int(data[data.rindex(b"startxref") + 9 :].split()[0])
        start = len(data)
        data += b"xref\n0 0\ntrailer\n<< /Size %s /Root %s /Prev %d >>\nstartxref\n%d\n%%%%EOF\n" % (
            size[1], root[1], previous, start,
        )  # fmt: skip
    return data


def many_pages(count: int) -> bytes:
    out = io.BytesIO()
    paper = canvas.Canvas(out, invariant=1)
    for page in range(count):
        paper.drawString(60, 700, f"Pagina {page + 1}")
        paper.showPage()
    paper.save()
    return out.getvalue()


def _attach(pdf: Pdf) -> None:
    pdf.attachments["anexa.txt"] = b"anexa"


def _shared_annotations(pdf: Pdf) -> None:
    shared = pdf.make_indirect(Array([]))
    for page in pdf.pages:
        page.obj.Annots = shared


def _xfa_static(pdf: Pdf) -> None:
    template = b"<xdp:xdp xmlns:xdp='http://ns.adobe.com/xdp/'><template><subform/></template></xdp:xdp>"
    pdf.Root.AcroForm.XFA = pdf.make_stream(template)


def _usage_rights(pdf: Pdf) -> None:
    reference = Dictionary(Type=Name.SigRef, TransformMethod=Name.UR3)
    rights = Dictionary(Type=Name.Sig, Filter=Name("/Adobe.PPKLite"), Reference=Array([reference]))
    pdf.Root.Perms = Dictionary(UR3=pdf.make_indirect(rights))


def _set(**entries: object) -> Callable[[Pdf], None]:
    """Set entries of the first page."""

    def change(pdf: Pdf) -> None:
        for key, value in entries.items():
            pdf.pages[0].obj[f"/{key}"] = value

    return change


def _link(pdf: Pdf) -> None:
    action = Dictionary(S=Name.URI, URI=String("https://example.com/"))
    link = Dictionary(Type=Name.Annot, Subtype=Name.Link, Rect=Array([60, 600, 200, 620]), A=action)
    pdf.pages[0].obj.Annots = Array([pdf.make_indirect(link)])


def layers(*, print_only: bool = False) -> bytes:
    """A document with a layer; with `print_only`, one that is shown in print alone (attack H3)."""

    def change(pdf: Pdf) -> None:
        group = pdf.make_indirect(Dictionary(Type=Name.OCG, Name=String("strat")))
        config = Dictionary(Order=Array([group]))
        if print_only:
            group.Usage = Dictionary(Print=Dictionary(PrintState=Name.ON), View=Dictionary(ViewState=Name.OFF))
            config.AS = Array([Dictionary(Event=Name.View, Category=Array([Name.View]), OCGs=Array([group]))])
        pdf.Root.OCProperties = Dictionary(OCGs=Array([group]), D=config)

    return changed(plain(), change)


def direct_info() -> bytes:
    """A trailer whose /Info is written on the spot."""
    data = re.sub(rb"/Info \d+ 0 R", b"", plain())
    return normal_offsets(data.replace(b"trailer << ", b"trailer << /Info << /Title (Cerere) >> ", 1))


def normal_offsets(data: bytes) -> bytes:
    """Leave a file whose trailer alone was changed: its table stands before it and keeps its place."""
    return data


def wrong_length() -> bytes:
    """A stream whose /Length is one too long, as some programs write it."""
    return re.sub(rb"/Length (\d+)", lambda m: b"/Length %d" % (int(m[1]) + 1), plain(), count=1)


def short_xref_lines() -> bytes:
    """Cross-reference entries of 19 bytes."""
    data = plain()
    start, end = data.rindex(b"xref\n0"), data.rindex(b"trailer")
    return data[:start] + data[start:end].replace(b" n \n", b" n\n").replace(b" f \n", b" f\n") + data[end:]


ORDINARY: dict[str, Generator] = {
    "plain": plain,
    "browser": browser,
    "office": (VECTORS / "office.pdf").read_bytes,
    "fpdf2": fpdf2,
    "ghostscript": ghostscript,
    "pdf-a-2": lambda: ghostscript("-dPDFA=2", "-sColorConversionStrategy=RGB", "-dPDFACompatibilityPolicy=1"),
    "cairo": lambda: tool(plain(), "pdftocairo", "-pdf", "in.pdf", "out.pdf"),
    "mupdf-convert": lambda: tool(plain(), "mutool", "convert", "-o", "out.pdf", "in.pdf"),
    "scan": scan,
    "object-streams": lambda: qpdf(plain(), "--object-streams=generate"),
    "linearized": lambda: qpdf(plain(), "--linearize"),
    "linearized-object-streams": lambda: qpdf(plain(), "--linearize", "--object-streams=generate"),
    "pdf-1.2": lambda: qpdf(plain(), "--force-version=1.2"),
    "pdf-2.0": lambda: qpdf(plain(), "--force-version=2.0"),
    "attachment": lambda: changed(plain(), _attach),
    "portfolio": lambda: changed(plain(), lambda pdf: pdf.Root.__setitem__("/Collection", Dictionary(View=Name.D))),
    "usage-rights": lambda: changed(plain(), _usage_rights),
    "xfa-static": lambda: changed(form(), _xfa_static),
    "no-id": lambda: re.sub(rb"/ID \[[^]]*\]", lambda m: b" " * len(m[0]), plain()),
    "short-xref-lines": short_xref_lines,
    "wrong-length": wrong_length,
    "direct-info": direct_info,
    "annotations-by-reference": lambda: changed(plain(), lambda pdf: _set(Annots=pdf.make_indirect(Array([])))(pdf)),
    "annotations-shared": lambda: changed(plain(), _shared_annotations),
    "link": lambda: changed(plain(), _link),
    "form": form,
    "form-filled": lambda: form("Ioana Țăndărică"),
    "form-empty-needs-appearances": lambda: form(need_appearances=True),
    "form-direct": lambda: changed(
        plain(), lambda pdf: pdf.Root.__setitem__("/AcroForm", Dictionary(Fields=Array([]), DA=String("/Helv 0 Tf")))
    ),
    "form-without-fields": lambda: changed(plain(), lambda pdf: pdf.Root.__setitem__("/AcroForm", Dictionary())),
    "page-without-contents": lambda: changed(plain(), lambda pdf: pdf.pages[0].obj.__delitem__("/Contents")),
    "page-of-14400-points": lambda: changed(plain(), _set(MediaBox=Array([0, 0, 14400, 14400]))),
    "page-turned": lambda: changed(plain(), _set(Rotate=90)),
    "page-in-user-units": lambda: changed(plain(), _set(UserUnit=2)),
    "layers": layers,
    "bytes-after-eof": lambda: plain() + b"\n" * 900,
    "no-final-newline": lambda: plain().rstrip(b"\n"),
    "many-revisions": many_revisions,
    "many-pages": lambda: many_pages(500),
}
