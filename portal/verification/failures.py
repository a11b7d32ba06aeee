"""The ways in which a file that came back can be wrong, each with a name of its own.

They are grouped by what a citizen or clerk is told: the document is another one or was changed, the signatory is another
person, the certificate is not to be trusted, or the signature itself is malformed.
"""

from __future__ import annotations

from portal.errors import PortalError


class VerificationFailed(PortalError):
    """The file must not be accepted."""


class DocumentWrong(VerificationFailed):
    """It is not the document that was sent, with a signature and nothing else added."""


class SignatureWrong(VerificationFailed):
    """The signature is missing, malformed, or does not verify."""


class SignatoryWrong(VerificationFailed):
    """The signature is somebody else's."""


class TrustWrong(VerificationFailed):
    """The certificate is not to be trusted."""


class OtherDocument(DocumentWrong):
    """It does not begin with the bytes that were sent."""


class DocumentChanged(DocumentWrong):
    """What was added does more than add a signature (attacks W1, H6)."""


class SignatureVisible(DocumentWrong):
    """The signature paints something on a page, which was not asked for (attack H12)."""


class NotUnderstood(DocumentWrong):
    """The file's structure cannot be read without guessing (attack H7)."""


class SignatureMissing(SignatureWrong):
    """Nothing was signed."""


class SeveralSignatures(SignatureWrong):
    """More than one signature was added."""


class ByteRangeWrong(SignatureWrong):
    """The signature does not cover the whole file but its own value (attack H5)."""


class LevelWrong(SignatureWrong):
    """Not a PAdES baseline signature of the level that was asked for."""


class TimeStampWrong(SignatureWrong):
    """A time-stamp that is malformed, of something else, or of another time."""


class CmsMalformed(SignatureWrong):
    """Not DER, or not the structure that was asked for (attack H14)."""


class SignedAttributesWrong(SignatureWrong):
    """Signed attributes missing, repeated or of other content (attack H15)."""


class DigestMismatch(SignatureWrong):
    """The signature is over other bytes."""


class SignatureInvalid(SignatureWrong):
    """The signature does not verify with the certificate's key."""


class SigningTimeWrong(SignatureWrong):
    """The claimed time lies outside the authorization."""


class OtherSignatory(SignatoryWrong):
    """Signed with another certificate than the one this authorization was for."""


class OtherPerson(SignatoryWrong):
    """The certificate names somebody else than the account's holder."""


class ChainUntrusted(TrustWrong):
    """The certificate does not chain to the pinned root, or may not sign documents."""


class CertificateNotValid(TrustWrong):
    """The certificate was not valid at that time."""


class CertificateMalformed(TrustWrong):
    """What should be a certificate is none."""


class RevocationUnknown(TrustWrong):
    """The file does not show that every certificate involved was in force."""
