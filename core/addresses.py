"""Where what the authority publishes is found: paths under the URLs that certificates carry, and file names.

Certificates outlive a release: a path that was once in a certificate is served for as long as that certificate may be
looked at.
"""

from __future__ import annotations

from typing import Final

# Under `ca.public_url`, plain http: a revocation list needs no protected way, and https would need a status of its own.
ROOT_CRL: Final = "/crl/root.crl"
ISSUING_CRL: Final = "/crl/issuing.crl"
ROOT_CERTIFICATE: Final = "/ca/root.crt"
ISSUING_CERTIFICATE: Final = "/ca/issuing.crt"
OCSP: Final = "/ocsp"
TIME_STAMP: Final = "/tsa"  # RFC 3161 §3.4
TRUSTED_LIST: Final = "/trusted-list.xml"

# Under `ca.documents_url`, https (EN 319 412-5 §4.3.4).
PRACTICE_STATEMENT: Final = "/cps.pdf"
DISCLOSURE_STATEMENT: Final = "/pds-{}.pdf"  # language

# Under `service.public_origin`: the page of the `web` zone that the statements name.
OWN_REVOCATION: Final = "/revocation"
