"""What could act, or looks different elsewhere, written so that a search for its usual spelling misses it (H2, H3)."""

import pytest

from preflight.check import check_document
from preflight.protocol import DocumentRefused
from tests.support.hostile_pdfs import assembled, stream


def document(
    *, catalog: bytes = b"", page: bytes = b"", content: bytes | None = None, more: bytes | None = None
) -> bytes:
    objects = {
        1: b"<< /Type /Catalog /Pages 2 0 R %s >>" % catalog,
        2: b"<< /Type /Pages /Kids [ 3 0 R ] /Count 1 >>",
        3: b"<< /Type /Page /Parent 2 0 R /MediaBox [ 0 0 595 842 ] /Contents 4 0 R %s >>" % page,
        4: content or stream(b"BT ET"),
    }
    return assembled(objects if more is None else {**objects, 5: more})


def reason_for(data: bytes) -> str:
    with pytest.raises(DocumentRefused) as caught:
        check_document(data)
    return caught.value.reason


@pytest.mark.parametrize(
    "action",
    [
        b"/S /Hide\x00/T (a)",
        b"/S /Hide%\n/T (a)",
        b"/JS\x00(app.alert\\(1\\))",
        b"/JS%\n5 0 R",
        b"/S /J#61vaScript /JS 5 0 R",
        b"/S(" + b"/#41" * 14 + b"/#41)/J#53(x)",  # one escaped name close behind another
        b"/S /Hid#65",
        b"/S /" + b"#48#69#64#65",
    ],
)
def test_action_is_found_however_it_is_spelt(action):
    assert reason_for(document(catalog=b"/OpenAction << %s >>" % action)) == "active-content"
    check_document(document(catalog=b"/OpenAction << /S /Named /N /NextPage >>"))


@pytest.mark.parametrize("key", [b"/F\x00", b"/F%\n", b"/F %\n", b"/#46"])
@pytest.mark.parametrize("value", [b"(http://example.com/x)", b"<78>", b"<< /FS /URL >>"])
def test_content_elsewhere_is_found_however_its_key_is_spelt(key, value):
    data = document(content=b"<< /Length 5 %s%s >>\nstream\nBT ET\nendstream" % (key, value))
    assert reason_for(data) == "external-content"


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (b"/F 5 0 R", "external-content"),
        (b"/F\n5\t0\fR", "external-content"),
        (b"/F 5%\n0 R", "damaged"),  # the first engine does not take it for a reference
        (b"/F\x005\x000\x00R", "damaged"),
    ],
)
def test_content_elsewhere_is_found_behind_a_reference(value, reason):
    data = document(content=b"<< /Length 5 %s >>\nstream\nBT ET\nendstream" % value, more=b"(http://example.com/x)")
    assert reason_for(data) == reason


@pytest.mark.parametrize("end", [b"\x00", b"%\n"])
def test_player_is_found_however_its_kind_ends(end):
    player = b"/Annots [ << /Type /Annot /Rect [ 0 0 9 9 ] /Subtype /3D%s>> ]" % end
    assert reason_for(document(page=player)) == "active-content"


@pytest.mark.parametrize("base", [b"/OFF", b"/Unchanged"])
def test_layer_that_is_off_unlisted_and_on_by_event_is_refused(base):
    def layered(state: bytes) -> bytes:
        config = b"/BaseState %s /AS [ << /Event /View /Category [ /View ] /OCGs [ 5 0 R ] >> ]" % state
        usage = b"<< /Type /OCG /Name (x) /Usage << /View << /ViewState /ON >> >> >>"
        return document(catalog=b"/OCProperties << /OCGs [ 5 0 R ] /D << %s >> >>" % config, more=usage)

    assert reason_for(layered(base)) == "layers-differ"
    check_document(layered(b"/ON"))
