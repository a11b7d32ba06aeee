"""Where what the authority publishes is found: paths under the URLs that certificates carry, and file names.

Certificates outlive a release: a path that was once in a certificate is served for as long as that certificate may be
looked at.
"""

from __future__ import annotations

import re
from typing import Final

FIRST: Final = 1  # generation of the issuing CA
_ISSUING: Final = re.compile(r"issuing(?:-g([1-9][0-9]{0,2}))?")

# Under `ca.public_url`, plain http: a revocation list needs no protected way, and https would need a status of its own.
ROOT_CRL: Final = "/crl/root.crl"
ROOT_CERTIFICATE: Final = "/ca/root.crt"
OCSP: Final = "/ocsp"  # of every generation: a request says itself which issuer it asks about
TIME_STAMP: Final = "/tsa"  # RFC 3161 §3.4
TRUSTED_LIST: Final = "/trusted-list.xml"

# Under `ca.documents_url`, https (EN 319 412-5 §4.3.4).
PRACTICE_STATEMENT: Final = "/cps.pdf"
DISCLOSURE_STATEMENT: Final = "/pds-{}.pdf"  # language

# Under `service.public_origin`: the page of the `web` zone that the statements name.
OWN_REVOCATION: Final = "/revocation"


def issuing_name(generation: int) -> str:
    """Return the name that a generation of the issuing CA has in paths, among files and on the token."""
    return "issuing" if generation == FIRST else f"issuing-g{generation}"


def generation_of(name: str) -> int | None:
    """Return the generation that such a name is of; None when it is no such name."""
    found = _ISSUING.fullmatch(name)
    number = int(found[1] or FIRST) if found else FIRST
    return number if name == issuing_name(number) else None


def issuing_crl(generation: int) -> str:
    """Return where the revocation list of a generation is."""
    return f"/crl/{issuing_name(generation)}.crl"


def issuing_certificate(generation: int) -> str:
    """Return where the certificate of a generation is, DER."""
    return f"/ca/{issuing_name(generation)}.crt"
