"""Why a document cannot be signed, or what is worth knowing of one: a code for each class, and a sentence for people.

A sentence says what the person can do. What the library said stays in the log.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal


@dataclass(frozen=True, slots=True)
class Reason:
    """A sentence in Romanian and in English."""

    ro: str
    en: str

    def text(self, language: Literal["ro", "en"]) -> str:
        """Return the sentence in a language."""
        return self.ro if language == "ro" else self.en


REFUSALS: Final[dict[str, Reason]] = {
    "empty": Reason("Fișierul este gol.", "The file is empty."),
    "not-a-pdf": Reason("Acesta nu este un fișier PDF.", "This is not a PDF."),
    "bad-header": Reason(
        "Fișierul nu începe ca un PDF. Salvați-l din nou și încărcați fișierul salvat.",
        "The file does not begin as a PDF. Save it again and upload that.",
    ),
    "no-pages": Reason("Documentul nu are nicio pagină.", "The document has no pages."),
    "incomplete": Reason(
        "Fișierul este incomplet sau deteriorat. Încărcați-l din nou.",
        "The upload is incomplete or damaged. Upload it again.",
    ),
    "damaged": Reason(
        "Fișierul este deteriorat. Deschideți-l, tipăriți-l în PDF și semnați fișierul obținut.",
        "The file is damaged. Open it, print it to PDF and sign that.",
    ),
    "too-large": Reason("Fișierul este prea mare.", "The file is too large."),
    "too-heavy": Reason(
        "Documentul este prea complicat pentru a fi verificat. Tipăriți-l în PDF și semnați fișierul obținut.",
        "The document is too complicated to be checked. Print it to PDF and sign that.",
    ),
    "password": Reason(
        "Documentul este protejat cu o parolă. Eliminați parola și încărcați-l din nou.",
        "The document is protected by a password. Remove it first.",
    ),
    "recipients": Reason(
        "Documentul este criptat pentru anumiți destinatari și nu poate fi semnat aici.",
        "The document is encrypted for named recipients and cannot be signed here.",
    ),
    "unusual-protection": Reason(
        "Documentul are o protecție neobișnuită. Eliminați-o și încărcați-l din nou.",
        "The document has an unusual protection. Remove it first.",
    ),
    "permissions": Reason(
        "Autorul documentului nu permite semnarea lui.",
        "The author does not allow signing.",
    ),
    "certified": Reason(
        "Autorul a închis documentul pentru alte semnături.",
        "Its author closed this document to further signatures.",
    ),
    "locked": Reason(
        "O semnătură anterioară a blocat documentul.",
        "An earlier signature locked this document.",
    ),
    "form-damaged": Reason(
        "Formularul din document este deteriorat. Tipăriți documentul în PDF și semnați fișierul obținut.",
        "The form in the document is damaged. Print it to PDF and sign that.",
    ),
    "form-not-fixed": Reason(
        "Valorile completate în formular nu sunt fixate în pagină. Tipăriți documentul în PDF și semnați fișierul obținut.",
        "The form's values are not fixed in the page. Print it to PDF and sign that.",
    ),
    "xfa-dynamic": Reason(
        "Formularul (XFA) arată altceva decât paginile documentului. Tipăriți-l în PDF și semnați fișierul obținut.",
        "The form (XFA) shows other content than the document's pages. Print it to PDF and sign that.",
    ),
    "active-content": Reason(
        "Documentul conține programe sau acțiuni care îi pot schimba conținutul. Tipăriți-l în PDF și semnați fișierul obținut.",
        "The document contains programs or actions that may change what it shows. Print it to PDF and sign that.",
    ),
    "external-content": Reason(
        "O parte din document se află în afara fișierului. Tipăriți-l în PDF și semnați fișierul obținut.",
        "A part of the document lies outside the file. Print it to PDF and sign that.",
    ),
    "layers-differ": Reason(
        "Documentul are straturi care arată diferit pe ecran și la tipărire. Tipăriți-l în PDF și semnați fișierul obținut.",
        "The document has layers that look different on screen and in print. Print it to PDF and sign that.",
    ),
}

WARNINGS: Final[dict[str, Reason]] = {
    "earlier-signature-broken": Reason(
        "Documentul poartă o semnătură care nu mai este validă, fiindcă fișierul a fost modificat după ea.",
        "The document carries a signature that is already broken: the file was changed after it.",
    ),
    "earlier-signatures": Reason(
        "Documentul este deja semnat; semnătura dumneavoastră se adaugă.",
        "The document is already signed; yours is added.",
    ),
    "tolerant": Reason(
        "Documentul a fost scris neobișnuit și a fost citit cu toleranță.",
        "The document is written in an unusual way and was read with tolerance.",
    ),
    "encrypted": Reason(
        "Documentul este criptat, dar se deschide fără parolă.",
        "The document is encrypted but opens without a password.",
    ),
    "xfa-static": Reason(
        "Documentul conține un formular XFA; se semnează paginile pe care le vedeți.",
        "The document contains an XFA form; what is signed are the pages you see.",
    ),
    "usage-rights": Reason(
        "Documentul poartă drepturi de utilizare pentru Adobe Reader, pe care semnarea le poate anula.",
        "The document carries usage rights for Adobe Reader, which signing may end.",
    ),
    "attachments": Reason(
        "Documentul are fișiere atașate; ele se semnează odată cu el.",
        "The document has attached files; they are signed along with it.",
    ),
    "portfolio": Reason(
        "Documentul este un portofoliu: paginile lui pot fi doar o copertă.",
        "The document is a portfolio: its pages may be a mere cover.",
    ),
    "layers": Reason(
        "Documentul are straturi care pot fi ascunse sau afișate.",
        "The document has layers that can be hidden or shown.",
    ),
    "need-appearances": Reason(
        "Formularul cere programului de citire să deseneze câmpurile; ele sunt necompletate.",
        "The form asks the reader to draw its fields; they are empty.",
    ),
}


def sentence(code: str, language: Literal["ro", "en"]) -> str:
    """Return the sentence of a code; of an unknown one, the sentence of a damaged file."""
    reason = REFUSALS.get(code) or WARNINGS.get(code) or REFUSALS["damaged"]
    return reason.text(language)
