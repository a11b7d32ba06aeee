"""What a thief of tokens asks for, and what is looked at whenever a token should not work."""

from __future__ import annotations

import base64
import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.x509 import load_der_x509_certificate

from core.canonical import decode
from signer.sam.protocol import DescribeCredential
from tests.support.sam_bench import digest
from tests.support.web_bench import ECDSA_OID, Portal, WebBench
from tests.support.wire import assert_error

BAD = "invalid_request"
SAD, CREDENTIAL = "Invalid parameter SAD", "Invalid parameter credentialID"
MISSING, UNKNOWN = "The access token is missing", "The access token is not valid"
ENDED = "The access token is expired or revoked"
KINDS = ("dtbsr", "sdr", "sodr")
ONE, TWO, OTHER = digest("one"), digest("two"), digest("other")
DOCUMENTS = [b"%PDF-1.7 first", b"%PDF-1.7 second"]


class Thief:
    """Tries things and checks that each is refused for its true reason, without a trace of effect."""

    def __init__(self, web: WebBench, caplog) -> None:
        self._web = web
        self._caplog = caplog
        caplog.set_level(logging.INFO, "api.errors")

    def refused(
        self,
        attack: Callable[[], Any],
        description: str | None,
        reason: str | None,
        *,
        status: int = 400,
        error: str = BAD,
        uses: tuple[bytes, ...] = (),
    ) -> None:
        """Check wire error, reason, key uses (`uses`: those that happened all the same), SMS and the log.

        `reason` is how the log begins: the refusal's name, a colon and its detail; None: no method was reached.
        """
        used, sent = list(self._web.bench.uses), len(self._web.phone.messages)
        self._caplog.clear()
        assert_error(attack(), status, error, description)
        assert list(self._web.bench.uses) == [*used, *uses]
        assert len(self._web.phone.messages) == sent
        told = [f"{each.error}: {each.detail}" for each in self._caplog.records if each.name == "api.errors"]
        assert len(told) == (reason is not None), told
        assert reason is None or told[0].startswith(reason), told
        assert "sad_" not in self._caplog.text + str(told)


def evidence(web: WebBench, *events: str) -> list[dict[str, Any]]:
    """Return the rows of evidence about these events, oldest first."""
    with web.bench.database.reading() as connection:
        bodies = connection.exec_driver_sql("SELECT body FROM evidence ORDER BY id").scalars().all()
    rows = [decode("paraph evidence v1", body) for body in bodies]
    return [row for row in rows if row["event"] in events]


def blobs(database) -> list[tuple[str, bytes]]:
    """Return every binary value of a database, with its table and column."""
    found = []
    with database.reading() as connection:
        tables = connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'table'").scalars().all()
        for table in tables:
            for row in connection.exec_driver_sql(f'SELECT * FROM "{table}"').mappings():
                found += [(f"{table}.{name}", value) for name, value in row.items() if isinstance(value, bytes)]
    return found


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def contents(kind: str) -> list[bytes]:
    """Return what to authorise for `sign` of this kind."""
    return [digest(each.decode()) for each in DOCUMENTS] if kind == "sodr" else [ONE, TWO]


def sign(web: WebBench, portal: Portal, token: str, kind: str, order=(0, 1), **changes):
    """Ask for signatures over the two contents of a kind, in an order, by the method for that kind."""
    if kind == "dtbsr":
        return web.sign_hash(portal, token, [contents(kind)[n] for n in order], **changes)
    if kind == "sodr":
        return web.sign_doc(portal, token, [DOCUMENTS[n] for n in order], **changes)
    element = {"signature_format": "P", "conformance_level": "AdES-B-B", "signAlgo": ECDSA_OID}
    element["hashes"] = [b64(contents(kind)[n]) for n in order]
    return web.sign_doc(portal, token, [], documents=None, documentDigests=[element], **changes)


def values(answer) -> list[str]:
    """Return what a signing method gave."""
    assert answer.status_code == 200, answer.text
    (found,) = answer.json.values()
    return found


def verify(web: WebBench, portal: Portal, signature: str, over: bytes) -> None:
    view = web.sam.describe_credential(DescribeCredential(portal.client, portal.credential))
    key = load_der_x509_certificate(view.certificates[0]).public_key()
    key.verify(base64.b64decode(signature), over, ec.ECDSA(Prehashed(hashes.SHA256())))


def neighbour(web: WebBench, portal: Portal, account: str, number: int, **more) -> Portal:
    """Enrol another citizen at a portal."""
    person = (account.title(), "Popa", f"PNORO-18001014{number:05d}", f"+40733100{number:03d}")
    credential = web.bench.enrol(*person, portal.client, account, **more)
    return replace(portal, account=account, credential=credential, count=1000 * number)
