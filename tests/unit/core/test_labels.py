"""What a portal calls a document: one line that hides nothing and reaches into no other (attack P10)."""

from __future__ import annotations

import pytest

from core.authorization_details import read_label
from core.errors import Malformed


@pytest.mark.parametrize(
    "hidden",
    [
        "\n",
        "\u0000",
        "\u200b",
        "\u202e",
        "\u2066",
        "\u2028",
        "\ufeff",
        "\u00ad",
        "\ue000",
        "\u115f",
        "\u3164",
        "\u2800",
    ],
)
def test_a_label_with_what_does_not_show_is_refused(hidden):
    with pytest.raises(Malformed, match="label"):
        read_label(f"cerere{hidden}.pdf")


def test_marks_are_not_piled_over_the_lines_above():
    with pytest.raises(Malformed, match="label"):
        read_label("a" + "\u0336" * 5)
    assert read_label("a" + "\u0336" * 4)


@pytest.mark.parametrize(
    "label", ["Cerere de urbanism, șțăîâ.pdf", "Việt Nam ễ.pdf", "שָׁלוֹם.pdf", "مُحَمَّد.pdf", "❤️.pdf", "申請書.pdf"]
)
def test_what_people_call_documents_is_taken(label):
    assert read_label(f" {label} ")


@pytest.mark.parametrize("other", [7, ["x"], {}, True, "x" * 256])
def test_what_is_no_label_is_refused(other):
    with pytest.raises(Malformed, match="label"):
        read_label(other)
    assert read_label(None) == ""
