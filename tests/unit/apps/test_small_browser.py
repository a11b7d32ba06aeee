"""The demonstration's browser reads pages as they are written."""

import pytest

from apps.browser import UnexpectedPage, read_page

PAGE = """<!doctype html><html><head><title>t</title><meta http-equiv="refresh" content="0;url=/next?a=1&amp;b=2">
<script>var hidden = "no";</script></head><body><h1>Semnați <em>aici</em></h1>
<form method="post" action="/filings"><input type="hidden" name="csrf" value="x&amp;y"><input name="email">
<input type="checkbox" name="agree"><input type="file" name="files" multiple>
<button name="action" value="start">Trimite <span>codul</span></button><button name="action" value="cancel">Nu</button>
</form><p class="text">Linia 1<br>Linia 2</p><a href="signed.pdf">Descarcă</a></body></html>"""


def test_a_page_is_read_with_its_heading_forms_links_and_refresh():
    page = read_page("http://localhost:1/a/b", 200, PAGE)
    assert page.heading == "Semnați aici"
    assert page.refresh == "http://localhost:1/next?a=1&b=2"
    assert page.links == [("Descarcă", "http://localhost:1/a/signed.pdf")]
    assert page.marked["text"] == ["Linia 1Linia 2"]
    assert "hidden" not in page.text


def test_a_form_is_read_as_it_would_be_sent():
    form = read_page("http://localhost:1/a/b", 200, PAGE).form_with("email")
    assert (form.action, form.method) == ("http://localhost:1/filings", "post")
    assert form.fields == {"csrf": "x&y", "email": ""}
    assert form.files == ["files"]
    assert form.buttons == {"Trimite codul": ("action", "start"), "Nu": ("action", "cancel")}


def test_a_missing_form_is_named_with_the_page_that_came_instead():
    page = read_page("http://localhost:1/a", 503, "<h1>Eroare</h1>")
    with pytest.raises(UnexpectedPage, match=r"Eroare.*503"):
        page.form_with("code")
    with pytest.raises(UnexpectedPage, match="/authorize"):
        page.form_to("/authorize")
