"""Whether a certificate names the holder of an account.

Names are compared as people read them: capitals, diacritics in any spelling, hyphens and the order of names make no
difference; every name must be there.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from typing import Final

from cryptography.x509.oid import NameOID

from portal.verification.chain import load
from portal.verification.failures import OtherPerson

_PARTS: Final = (NameOID.GIVEN_NAME, NameOID.SURNAME)


def signatory_name(certificate_der: bytes) -> str:
    """Return the name in a certificate, given name first."""
    subject = load(certificate_der).subject
    parts = [str(each.value) for oid in _PARTS for each in subject.get_attributes_for_oid(oid)]
    return " ".join(parts) or " ".join(str(each.value) for each in subject.get_attributes_for_oid(NameOID.COMMON_NAME))


def check_person(certificate_der: bytes, name: str) -> None:
    """Check that a certificate is of the person called `name`.

    Raises:
        OtherPerson: it names somebody else.
        CertificateMalformed: it is none.
    """
    if _names(signatory_name(certificate_der)) != _names(name):
        raise OtherPerson


def _names(text: str) -> Counter[str]:
    plain = unicodedata.normalize("NFKD", text.casefold())
    letters = "".join(
        " " if unicodedata.category(char).startswith("P") else char for char in plain if not unicodedata.combining(char)
    )
    return Counter(letters.split())
