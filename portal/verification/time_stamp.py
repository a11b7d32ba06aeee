"""Whether a time-stamp is one: of these bytes, by somebody whom the pinned root lets stamp, at a time that can be.

The library verifies signature, chain and purpose (RFC 3161 §2.3, EN 319 422); what it reads is one value in DER first.
"""

from __future__ import annotations

import asyncio
import hashlib
from datetime import datetime
from typing import Final

from asn1crypto import cms as asn1_cms
from cryptography.x509 import Certificate
from pyhanko.sign.validation.errors import SignatureValidationError
from pyhanko.sign.validation.generic_cms import validate_tst_signed_data
from pyhanko.sign.validation.status import TimestampSignatureStatus
from pyhanko_certvalidator.errors import PathError, ValidationError

from portal.verification.additions import Evidence
from portal.verification.chain import validation_context
from portal.verification.der import check_der
from portal.verification.failures import ChainUntrusted, TimeStampWrong

_HASHES: Final = frozenset({"sha256", "sha384", "sha512"})


def check_time_stamp(
    token: bytes, stamped: bytes, root: Certificate, evidence: Evidence | None, now: datetime
) -> datetime:
    """Return when `stamped` was stamped, to be believed as `root` and, where given, the evidence on revocation allow.

    Raises:
        TimeStampWrong: the token is malformed, or stamps something else.
        ChainUntrusted: who stamped is not to be trusted, or the evidence does not show that nobody was revoked.
        CmsMalformed: not DER.
    """
    check_der(token)

    def imprint(algorithm: str) -> bytes:
        if algorithm not in _HASHES:
            raise TimeStampWrong(f"imprint by {algorithm}")
        return hashlib.new(algorithm, stamped).digest()

    try:
        info = asn1_cms.ContentInfo.load(token, strict=True)
        if info["content_type"].native != "signed_data":
            raise TimeStampWrong("not SignedData")
        context = validation_context(root, now, evidence)
        found = asyncio.run(validate_tst_signed_data(info["content"], context, imprint))
        status = TimestampSignatureStatus(**found)
    except (SignatureValidationError, PathError, ValidationError) as error:
        raise TimeStampWrong(f"{type(error).__name__}: {error}"[:300]) from error
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, NotImplementedError) as error:
        raise TimeStampWrong(f"{type(error).__name__}: {error}"[:300]) from error
    if not (status.intact and status.valid):
        raise TimeStampWrong("of something else, or its signature does not verify")
    if not status.trusted:
        raise ChainUntrusted(f"time-stamp: {status.trust_problem_indic}")
    return status.timestamp
