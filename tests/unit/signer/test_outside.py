"""Other services that answer late, long, elsewhere or with something else: nothing is followed, and everything ends (Y4, Y7)."""

import httpx
import pytest

from signer.outside import Outside, OutsideFailed

URL = "http://status.example.com/tsa"
TYPE = "application/timestamp-reply"


def outside(answer, ticks=None) -> tuple[Outside, list[httpx.Request]]:
    asked: list[httpx.Request] = []

    def handle(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return answer(request)

    transport = httpx.MockTransport(handle)
    return (Outside(transport) if ticks is None else Outside(transport, ticks)), asked


def post(client: Outside, limit: int = 100) -> bytes:
    return client.post(URL, b"query", media_type="application/timestamp-query", answer_type=TYPE, limit=limit)


def reply(content: bytes = b"reply", status: int = 200, **headers: str) -> httpx.Response:
    return httpx.Response(status, stream=httpx.ByteStream(content), headers={"Content-Type": TYPE} | headers)


def test_an_answer_is_given_as_it_came_and_nothing_but_the_question_is_sent():
    client, asked = outside(lambda _request: reply())
    assert post(client) == b"reply"
    (request,) = asked
    assert (request.method, request.content) == ("POST", b"query")
    assert request.headers["Content-Type"] == "application/timestamp-query"
    assert request.headers["Accept-Encoding"] == "identity"
    assert not {"authorization", "cookie", "referer"} & set(request.headers)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed__attack_y4(status):
    client, asked = outside(lambda _request: reply(status=status, Location="http://127.0.0.1:1/"))
    with pytest.raises(OutsideFailed, match=str(status)):
        post(client)
    assert len(asked) == 1


@pytest.mark.parametrize("status", [100, 201, 204, 400, 404, 500, 503])
def test_another_status_is_no_answer(status):
    client, _ = outside(lambda _request: reply(status=status))
    with pytest.raises(OutsideFailed):
        post(client)


@pytest.mark.parametrize("kind", ["text/html", "", "application/timestamp-reply-not"])
def test_another_type_is_no_answer(kind):
    client, _ = outside(lambda _request: reply(**{"Content-Type": kind}))
    with pytest.raises(OutsideFailed, match="instead of"):
        post(client)


@pytest.mark.parametrize("kind", ["Application/Timestamp-Reply", "application/timestamp-reply; charset=binary"])
def test_the_type_may_be_written_otherwise(kind):
    client, _ = outside(lambda _request: reply(**{"Content-Type": kind}))
    assert post(client) == b"reply"


def test_an_answer_is_as_long_as_it_may_be_and_no_longer__attack_y4():
    client, _ = outside(lambda _request: reply(bytes(100)))
    assert post(client) == bytes(100)
    client, _ = outside(lambda _request: reply(bytes(101)))
    with pytest.raises(OutsideFailed, match="100 bytes"):
        post(client)


def test_a_small_answer_that_would_grow_is_taken_as_it_stands():
    import gzip

    packed = gzip.compress(bytes(1_000_000))
    client, _ = outside(lambda _request: reply(packed, **{"Content-Encoding": "gzip"}))
    assert post(client, limit=2000) == packed


class _Drip(httpx.SyncByteStream):
    def __iter__(self):
        while True:
            yield b"."


def test_an_answer_that_drips_comes_to_an_end__attack_y4():
    seconds = iter(range(1000))
    client, _ = outside(
        lambda _request: httpx.Response(200, stream=_Drip(), headers={"Content-Type": TYPE}), lambda: next(seconds)
    )
    with pytest.raises(OutsideFailed, match="slow"):
        post(client, limit=1_000_000)
    assert next(seconds) < 20


@pytest.mark.parametrize("error", [httpx.ConnectError, httpx.ReadTimeout, httpx.RemoteProtocolError])
def test_a_broken_connection_is_an_outage(error):
    def broken(request):
        raise error("broken", request=request)

    client, _ = outside(broken)
    with pytest.raises(OutsideFailed, match=error.__name__):
        post(client)


def test_the_proxies_of_the_environment_are_not_used(monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.example.com:1")
    assert Outside()._http._mounts == {}


def test_a_list_is_fetched_within_its_limit():
    client, asked = outside(lambda _request: httpx.Response(200, stream=httpx.ByteStream(bytes(50))))
    assert client.get(URL, limit=50) == bytes(50)
    assert asked[0].method == "GET"
    with pytest.raises(OutsideFailed):
        client.get(URL, limit=49)
