"""Whatever a portal is called, its message is one segment whose last line is ours, and reaches the gateway as it is (Y5)."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

from hypothesis import assume, event, given
from hypothesis import strategies as st

from core.secret import Secret
from otp.delivery.kannel import Access, KannelGateway
from otp.sms import SEGMENT, NotGsm7, SmsTextTooLong, check_names, septets, signing_text, without_diacritics

HOST, CODE, MARK = "semnare.example.com", "48291357", "BKRT MPLD"
GSM_7 = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./09:;<=>?¡AZÄÖÑÜ§¿azäöñüà^{}\\[~]|€\f"
NAMES = st.text(st.sampled_from(GSM_7), max_size=40) | st.text(max_size=30)
LANGUAGES = st.sampled_from(["ro", "en"])


def accepted(name: str) -> bool:
    try:
        check_names(name, HOST)
    except (NotGsm7, SmsTextTooLong) as error:
        event(type(error).__name__)
        return False
    event("accepted")
    return True


@given(NAMES, LANGUAGES, st.integers(1, 1000))
def test_a_name_that_is_accepted_fits_one_segment_and_leaves_code_and_host_line_alone(name, language, documents):
    assume(accepted(name))
    text = signing_text(language, documents, for_whom=name, mark=MARK, code=CODE, host=HOST)
    assert septets(text) <= SEGMENT
    assert text.split("\n") == [text.split("\n")[0], f"@{HOST} #{CODE}"]
    assert text.split("\n")[0].endswith(f": {CODE}")
    assert text.count(name) >= 1


@given(NAMES, st.booleans())
def test_what_the_gateway_decodes_is_the_text(name, posts):
    assume(accepted(name))
    text = signing_text("ro", 2, for_whom=name, mark=MARK, code=CODE, host=HOST)
    access = Access("http://127.0.0.1:13013/cgi-bin/sendsms", "p&r=1", Secret(b"s?%20&"), "A+B", posts, 1.0)
    request = KannelGateway("k", access, None)._request({"from": "Paraph", "to": "+40722000111"}, text)
    if posts:
        headers = dict(request.headers)
        assert (request.body.decode(), "?" in request.url) == (text, False)
        assert (headers["X-Kannel-Password"], headers["X-Kannel-To"]) == ("s?%20&", "+40722000111")
    else:
        query = parse_qs(urlsplit(request.url).query, strict_parsing=True)
        assert query["text"] == [text]
        assert (query["password"], query["to"], query["username"]) == (["s?%20&"], ["+40722000111"], ["p&r=1"])
        assert (query["smsc"], query["charset"]) == (["A+B"], ["UTF-8"])


@given(st.text(st.sampled_from("ăâîșțşţĂÂÎȘȚéüñőŁ Primaria3"), max_size=20))
def test_a_romanian_name_without_its_diacritics_can_be_said(name):
    assume("Ł" not in name)
    assert accepted(without_diacritics(name))
