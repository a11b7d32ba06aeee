"""What every error answer of the API must be."""

from __future__ import annotations

import hashlib

DIGESTS = [hashlib.sha256(bytes([n])).digest() for n in range(3)]
DOCUMENT = b"%PDF-1.7 the authorised document"


def assert_error(response, status: int, error: str, description: str | None = None) -> None:
    """Check status, code and description, and that a program could read it: JSON, nothing else, kept by nobody."""
    assert (response.status_code, response.json and response.json.get("error")) == (status, error), response.text
    assert response.json.get("error_description") == description, response.text
    assert set(response.json) <= {"error", "error_description"}
    assert response.mimetype == "application/json"
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert "frame-ancestors 'none'" in response.headers["Content-Security-Policy"]
    if status == 401:
        assert response.headers["WWW-Authenticate"].split()[0] in {"Bearer", "Basic"}
