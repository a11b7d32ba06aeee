"""How the objects that list a new signature field must look afterwards: as before, and the field listed at the end.

Source: ISO 32000-1 §7.7.2 (catalog), §12.7.2 (form), §7.7.3.3 (page).
"""

from __future__ import annotations

from typing import Any, Final

from pyhanko.pdf_utils.generic import Reference
from pyhanko.pdf_utils.reader import HistoricalResolver, PdfFileReader

from portal.verification.failures import DocumentChanged
from portal.verification.objects import canonical

# /SigFlags: "signatures exist, append only"; /Version and /Extensions: which edition of PDF the signature follows.
_MARKS: Final = frozenset({"/SigFlags", "/Version", "/Extensions"})
_NEW_FORM: Final = frozenset({"/Fields", "/SigFlags"})


class Expectation:
    """The objects an increment may replace, by number, and their state after it (see `canonical`)."""

    def __init__(self, old: HistoricalResolver, after: PdfFileReader, field: Any) -> None:
        self._old = old
        self._after = after
        self._listed = canonical(field.container_ref)
        self.objects: dict[int, Any] = {}
        self._expect_form()
        self._expect_page(field.raw_get("/P"))

    def _expect_form(self) -> None:
        root = self._after.trailer.raw_get("/Root")
        catalog = canonical(self._old.get_object(root.reference))
        form = catalog.get("/AcroForm")
        if form is None:
            new = canonical(self._after.root).get("/AcroForm")
            self._check_new_form(new)
            self.objects[root.idnum] = catalog | {"/AcroForm": new}
        elif isinstance(form, dict):
            self.objects[root.idnum] = catalog | {"/AcroForm": self._grown(form, "/Fields")}
        else:
            reference = self._old.get_object(root.reference).raw_get("/AcroForm").reference
            self.objects[reference.idnum] = self._grown(canonical(self._old.get_object(reference)), "/Fields")

    def _expect_page(self, page: Any) -> None:
        was = canonical(self._old.get_object(page.reference))
        self.objects[page.idnum] = self._grown(was, "/Annots", canonical(page.get_object()))

    def _grown(self, was: dict[str, Any], name: str, now: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return an object with the field in one of its lists, which may stand in it or be an object of its own."""
        items = was.get(name, ())
        if items and items[0] == "ref":
            _, number, generation = items
            array = self._old.get_object(_reference(self._after, number, generation))
            self.objects[number] = (*canonical(array), self._listed)
            return was
        new = None if now is None else now.get(name)
        if not items and new is not None and new[:1] == ("ref",):  # the first list, as an object of its own
            if self._new_object(new) != (self._listed,):
                raise DocumentChanged(name)
            return was | {name: new}
        return was | {name: (*items, self._listed)}

    def _check_new_form(self, new: Any) -> None:
        form = self._new_object(new) if isinstance(new, tuple) else new
        if not isinstance(form, dict) or set(form) - _NEW_FORM or form.get("/Fields") != (self._listed,):
            raise DocumentChanged("the new form holds more than the field")

    def _new_object(self, reference: Any) -> Any:
        _, number, generation = reference
        return canonical(self._after.get_object(_reference(self._after, number, generation)))


def without_marks(value: Any) -> Any:
    """Return the state of a form or catalog without the marks a signature may leave there, which paint nothing."""
    if not isinstance(value, dict):
        return value
    rest = {name: each for name, each in value.items() if name not in _MARKS}
    form = rest.get("/AcroForm")
    return rest | {"/AcroForm": without_marks(form)} if isinstance(form, dict) else rest


def _reference(reader: PdfFileReader, number: int, generation: int) -> Any:
    return Reference(number, generation, reader)
