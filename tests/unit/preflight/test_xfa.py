"""XFA forms: no pages made while they are read, and no programs, however that is spelt (attack H2)."""

import pytest

from preflight.protocol import DocumentRefused
from preflight.xfa import check_xfa

WHOLE = "<xdp xmlns='http://ns.adobe.com/xdp/'><config><dynamicRender>%s</dynamicRender></config><template/></xdp>"


def reason_for(*packets: bytes) -> str:
    with pytest.raises(DocumentRefused) as refused:
        check_xfa(packets)
    return refused.value.reason


@pytest.mark.parametrize(
    "packets",
    [
        [(WHOLE % "required").encode()],
        [(WHOLE % " required\n").encode()],
        [(WHOLE % "re<!-- x -->quired").encode()],
        [(WHOLE % "<![CDATA[required]]>").encode()],
        [(WHOLE % "&#114;equired").encode()],
        [(WHOLE % "required").replace("<dynamicRender>", "<dynamicRender xmlns=''  >").encode()],
        [(WHOLE % "required").replace("dynamicRender", "x:dynamicRender").replace("<xdp", "<xdp xmlns:x='u'").encode()],
        [(WHOLE % "required").encode("utf-16")],
        [(WHOLE % "required").encode()[:70], (WHOLE % "required").encode()[70:]],
        [b"<config><dynamicRender>required</dynamicRender></config>", b"<template/>"],
        [b"<!DOCTYPE x [<!ENTITY r 'required'>]>" + (WHOLE % "&r;").encode()],
        [b"<config><dynamicRender>required"],
    ],
)
def test_pages_made_while_reading_are_found(packets):
    assert reason_for(*packets) == "xfa-dynamic"


@pytest.mark.parametrize("script", ["<script>x</script>", "<f:script xmlns:f='u' contentType='x'/>", "<script/>"])
def test_programs_are_found(script):
    xml = (WHOLE % "forbidden").replace("<template/>", f"<template><event>{script}</event></template>")
    assert reason_for(xml.encode()) == "active-content"


@pytest.mark.parametrize(
    "packets",
    [
        [(WHOLE % "forbidden").encode()],
        [(WHOLE % "forbidden").encode("utf-16")],
        [(WHOLE % "forbidden").encode()[:70], (WHOLE % "forbidden").encode()[70:]],
        [b"<config/>", b"<template><value>script required</value></template>"],
        [],
    ],
)
def test_a_form_that_stands_still_is_taken(packets):
    check_xfa(packets)


def test_a_form_beyond_measure_is_not_read():
    assert reason_for(b" " * 20_000_001) == "too-heavy"
