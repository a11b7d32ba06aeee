"""What others say of a signed file: pyHanko, pdfsig, openssl and qpdf, and whether the original is still in it.

None of them is part of the way in which the file was signed; all trust the root certificate alone.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from asn1crypto import pem as asn1_pem

from apps.ades import NotValid, level_of, reader_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

_SECONDS: Final = 120


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one judge says of one file."""

    judge: str
    good: bool
    words: str


@dataclass(frozen=True, slots=True)
class Trust:
    """What the judges are given: the one root, and a certificate that openssl builds the chain over."""

    root_pem: Path
    issuing_pem: Path


def judge(signed: Path, original: Path, trust: Trust) -> list[Verdict]:
    """Return every judge's verdict on the newest signature of a signed file."""
    return [
        _readable("pyHanko", lambda: _pyhanko(signed, trust)),
        _pdfsig(signed),
        _readable("openssl cms", lambda: _openssl(signed, trust)),
        _qpdf(signed),
        _original(signed, original),
    ]


def _readable(judge: str, ask: Callable[[], Verdict]) -> Verdict:
    """Return the verdict; of a file that cannot even be read, whatever the library made of it, a bad one."""
    try:
        return ask()
    except Exception as error:  # noqa: BLE001  # a broken file makes a library raise what it likes
        return Verdict(judge, good=False, words=f"cannot be read: {type(error).__name__} {error}"[:200])


def signatory_pem(signed: Path) -> bytes:
    """Return the certificate of who signed last, PEM."""
    certificate = _newest(signed).signer_cert
    return asn1_pem.armor("CERTIFICATE", certificate.dump())  # type: ignore[no-any-return]  # asn1crypto has no types


def _pyhanko(signed: Path, trust: Trust) -> Verdict:
    try:
        level = level_of(signed.read_bytes(), _der(trust.root_pem))
    except NotValid as error:
        return Verdict("pyHanko", good=False, words=error.detail)
    offline = ", offline and with the root alone" if level in {"AdES-B-LT", "AdES-B-LTA"} else ""
    return Verdict("pyHanko", good=True, words=f"valid at level P{level}{offline}")


def _pdfsig(signed: Path) -> Verdict:
    code, said = run("pdfsig", "-nocert", str(signed))
    last = next((each for each in reversed(said.split("Signature #")) if "ETSI.CAdES.detached" in each), said)
    good = code == 0 and "Signature is Valid." in last
    words = "signature is valid" if good else " ".join(last.split())[-200:]
    if good and "- Total document signed" in last:
        words += ", the total document is signed"
    return Verdict("pdfsig", good, words)


def _openssl(signed: Path, trust: Trust) -> Verdict:
    embedded = _newest(signed)
    with tempfile.TemporaryDirectory() as folder:
        cms, content = Path(folder, "signature.der"), Path(folder, "content.bin")
        cms.write_bytes(bytes(embedded.pkcs7_content))
        content.write_bytes(b"".join(_covered(signed.read_bytes(), list(embedded.byte_range))))
        code, said = run(
            "openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in", str(cms), "-content", str(content),
            "-CAfile", str(trust.root_pem), "-certfile", str(trust.issuing_pem), "-out", "/dev/null",
        )  # fmt: skip
    return Verdict("openssl cms", code == 0, "verification successful" if code == 0 else " ".join(said.split())[-200:])


def _qpdf(signed: Path) -> Verdict:
    code, said = run("qpdf", "--check", str(signed))
    return Verdict("qpdf", code == 0, "no error in the file" if code == 0 else " ".join(said.split())[-200:])


def _original(signed: Path, original: Path) -> Verdict:
    good = signed.read_bytes().startswith(original.read_bytes())
    words = "still there, byte for byte" if good else "is not what the signed file begins with"
    return Verdict("the original", good, words)


def _newest(signed: Path) -> Any:
    return reader_of(signed.read_bytes()).embedded_regular_signatures[-1]


def _der(path: Path) -> bytes:
    _name, _headers, der = asn1_pem.unarmor(path.read_bytes())
    return der  # type: ignore[no-any-return]  # asn1crypto has no types


def _covered(data: bytes, byte_range: Sequence[Any]) -> Iterator[bytes]:
    for start, length in zip(byte_range[::2], byte_range[1::2], strict=True):
        yield data[int(start) : int(start) + int(length)]


def run(program: str, *arguments: str) -> tuple[int, str]:
    """Run a program of the system; return its exit code and all that it said."""
    path = shutil.which(program)
    if path is None:
        return 127, f"{program} is not installed"
    done = subprocess.run(  # noqa: S603  # a program of the system, our own arguments
        [path, *arguments], capture_output=True, text=True, errors="replace", timeout=_SECONDS, check=False
    )
    return done.returncode, done.stdout + done.stderr
