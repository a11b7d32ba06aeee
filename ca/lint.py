"""The gate before a signature: a certificate is read back from the bytes that would be signed and judged by every rule.

Only `lint()` makes a `LintedTbs`, and `ca.signing` signs nothing else.
"""

from __future__ import annotations

from typing import Final

from cryptography import x509

from ca.draft import Draft
from ca.profiles import Kind
from ca.protocol import NotLinted
from ca.rules import AFTER_EXTENSIONS, FIELDS, Rule
from ca.rules_claims import CLAIMS
from ca.rules_extensions import EXTENSIONS
from ca.rules_provider import AUTHORITY, SEAL, SERVICE, TIME_STAMPING
from ca.rules_signatory import SIGNATORY

_SEAL: Final = object()  # named in this module only

_EVERY: Final = (*FIELDS, *EXTENSIONS, *AFTER_EXTENSIONS)
_RULES: Final[dict[Kind, tuple[Rule, ...]]] = {
    "root": (*_EVERY, *AUTHORITY),
    "issuing": (*_EVERY, *AUTHORITY),
    "signatory": (*_EVERY, *SIGNATORY, *CLAIMS),
    "seal": (*_EVERY, *SEAL, *CLAIMS),
    "ocsp": (*_EVERY, *SERVICE),
    "tsu": (*_EVERY, *SERVICE, *TIME_STAMPING),
    "list-signer": (*_EVERY, *SERVICE),
}


class LintedTbs:
    """A to-be-signed certificate that breaks no rule: the draft, and the bytes that were judged."""

    __slots__ = ("draft", "tbs_der")

    def __init__(self, draft: Draft, tbs_der: bytes, seal: object) -> None:
        if seal is not _SEAL:
            raise TypeError("made outside lint()")
        self.draft: Final = draft
        self.tbs_der: Final = tbs_der


def lint(draft: Draft) -> LintedTbs:
    """Return the to-be-signed certificate of a draft that breaks no rule.

    Raises:
        NotLinted: it breaks one; the detail names it.
    """
    try:
        certificate = draft.unsigned()
        judge(certificate, draft)
    except (ValueError, TypeError, x509.ExtensionNotFound, x509.DuplicateExtension) as error:
        raise NotLinted(str(error)) from error  # what the library itself refuses to write or read
    return LintedTbs(draft, certificate.tbs_certificate_bytes, _SEAL)


def judge(certificate: x509.Certificate, draft: Draft) -> None:
    """Hold a certificate against every rule of its kind.

    Raises:
        NotLinted: it breaks one.
    """
    for rule in _RULES[draft.profile.kind]:
        rule(certificate, draft)
