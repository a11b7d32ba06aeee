"""The identifiers in a certificate's QCStatements extension (RFC 3739 §3.2.6, EN 319 412-5)."""

from __future__ import annotations

from asn1crypto.core import Any, ObjectIdentifier, Sequence, SequenceOf


class _Statement(Sequence):  # type: ignore[misc]  # asn1crypto has no types
    _fields = [  # noqa: RUF012  # asn1crypto's way to declare
        ("statement_id", ObjectIdentifier),
        ("statement_info", Any, {"optional": True}),
    ]


class _Statements(SequenceOf):  # type: ignore[misc]  # asn1crypto has no types
    _child_spec = _Statement


def statements(der: bytes) -> list[str]:
    """Return the dotted OIDs of the statements in the extension's value."""
    return [statement["statement_id"].dotted for statement in _Statements.load(der)]
