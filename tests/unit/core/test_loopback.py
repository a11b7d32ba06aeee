"""Which addresses name this machine only: what keeps the development phone, and plain http, off the internet (N12)."""

import pytest

from core.config import is_loopback


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1:8630", "http://127.0.0.1", "http://127.8.9.1:80/x", "localhost:1", "http://LOCALHOST", "[::1]:80"],
)
def test_this_machine_is_known(address):
    assert is_loopback(address)


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1.example.com/back",
        "http://127.example.com",
        "127.example.com:8630",
        "http://localhost.example.com",
        "http://127.0.0.1@example.com",
        "http://[::ffff:10.0.0.1]",
        "0.0.0.0:8630",
        "[::]:8630",
        "10.0.0.1:8630",
        "",
    ],
)
def test_another_machine_is_not_taken_for_this_one(address):
    assert not is_loopback(address)
