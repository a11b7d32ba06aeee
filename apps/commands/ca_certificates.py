"""`paraph ca list`, `show` and `issue`: the issuance record, and certificates for keys that are kept elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO, Final, get_args

import click
import msgspec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import Certificate, load_der_x509_certificate, load_pem_x509_csr

from apps.commands.authority import Admin, Authority, signing_in
from apps.commands.frame import Command, Group, as_json, to_file
from apps.commands.output import instant, say_facts, say_json, say_table, write
from ca.protocol import CertificateSummary, IssuedCertificate, RequestMalformed, ServiceKind

if TYPE_CHECKING:
    from apps.installation import Installation

_LONGEST_REQUEST: Final = 40_000  # bytes of PEM; the authority has a limit of its own


@click.command("list", cls=Command, example="paraph ca list --limit 20")
@click.option("--limit", default=100, show_default=True, type=click.IntRange(1, 1000))
@click.option("--after", "after_serial", default="", help="Go on after this serial number.")
@click.option("--unfinished", is_flag=True, help="Those that were perhaps signed before a crash and never handed out.")
@click.option("--credential", default="", help="Only those issued for this credential.")
@as_json
@click.pass_obj
def list_certificates(
    installation: Installation, *, limit: int, after_serial: str, unfinished: bool, credential: str, as_json: bool
) -> None:
    """List certificates, newest first."""
    record = Authority(installation).record
    found = record.list(limit, after_serial, unfinished=unfinished, credential=credential)
    if as_json:
        say_json(found)
        return
    say_table(
        ("Serial", "Subject", "Profile", "Valid until", "Status"),
        [(each.serial, each.subject, each.profile, f"{each.not_after:%Y-%m-%d %H:%M}", each.status) for each in found],
    )


@click.command(cls=Command, example="paraph ca show 4f09c2")
@click.argument("serial")
@as_json
@click.pass_obj
def show(installation: Installation, serial: str, *, as_json: bool) -> None:
    """Show one certificate by its serial number (hex): what the record says of it, and the certificate as PEM."""
    authority = Authority(installation)
    line = authority.operator.describe(serial)
    issued = None if line.status == "unfinished" else authority.record.show(serial)
    if as_json:
        pem = {"certificate": _pem(issued.certificate), "issuer": _pem(issued.issuer)} if issued else {}
        say_json(msgspec.structs.asdict(line) | pem)
        return
    say_facts(facts(line))
    if issued is not None:
        click.echo(_pem(issued.certificate), nl=False)


@click.group(cls=Group)
def issue() -> None:
    """Issue a certificate for a key that is kept elsewhere, against its certification request (PKCS#10).

    Signatories get theirs by enrolment (paraph ra), the parts of this installation by paraph ca ocsp and paraph ca tsa.
    """


@issue.command(
    example="paraph ca issue seal seal.csr --organization 'Primăria Exemplu' --identifier VATRO-4267095 "
    "--name 'Primăria Exemplu' --as elena"
)
@click.argument("request", type=click.File("rb"))
@click.option("--organization", required=True, help="Full registered name, as vetted.")
@click.option("--identifier", required=True, help="Registration: VATRO-…, NTRRO-… (EN 319 412-1 §5.1.4).")
@click.option("--name", "common_name", required=True, help="By which it is known.")
@to_file
@as_json
@signing_in
@click.pass_obj
def seal(
    installation: Installation,
    *,
    request: BinaryIO,
    organization: str,
    identifier: str,
    common_name: str,
    to: str,
    as_json: bool,
    admin: Admin,
) -> None:
    """Issue a legal person's certificate for its seal, in the name that you have vetted.

    Whatever name the request itself says must be that one.
    """
    request_der = _request(request)
    authority = Authority(installation).signed_in(admin)
    issued = authority.certify_legal_person(request_der, organization, identifier, common_name)
    _hand_out(issued, to, as_json=as_json)


@issue.command(example="paraph ca issue part tsu unit.csr --as elena")
@click.argument("kind", type=click.Choice(get_args(ServiceKind)))
@click.argument("request", type=click.File("rb"))
@to_file
@as_json
@signing_in
@click.pass_obj
def part(
    installation: Installation, *, kind: ServiceKind, request: BinaryIO, to: str, as_json: bool, admin: Admin
) -> None:
    """Issue a certificate for a part of the service that runs elsewhere: OCSP responder, time-stamping unit, list's signer.

    Of the request's name the common name counts; it begins with TEST.
    """
    request_der = _request(request)
    _hand_out(Authority(installation).signed_in(admin).certify(kind, request_der), to, as_json=as_json)


def facts(line: CertificateSummary) -> list[tuple[str, str]]:
    """Return what the record says of a certificate, for people."""
    found = [
        ("Subject", line.subject),
        ("Serial", line.serial),
        ("Profile", line.profile),
        ("Valid from", instant(line.not_before)),
        ("Valid until", instant(line.not_after)),
        ("Status", line.status),
    ]
    if line.since:
        found.append(("Since", f"{instant(line.since)}, {line.reason}"))
    if line.credential:
        found.append(("Credential", line.credential))
    return found


def _request(file: BinaryIO) -> bytes:
    """Return a certification request in DER, of a file that has it in PEM or in DER.

    Raises:
        RequestMalformed: it has neither.
    """
    data = file.read(_LONGEST_REQUEST)
    if not data.lstrip().startswith(b"-----BEGIN"):
        return data
    try:
        return load_pem_x509_csr(data).public_bytes(Encoding.DER)
    except ValueError as error:
        raise RequestMalformed(f"no PKCS#10 in PEM: {error}") from error


def _hand_out(issued: IssuedCertificate, to: str, *, as_json: bool) -> None:
    certificate = load_der_x509_certificate(issued.certificate)
    if as_json:
        said = {"serial": _serial(certificate), "subject": certificate.subject.rfc4514_string()}
        pem = {"certificate": _pem(issued.certificate), "issuer": _pem(issued.issuer)}
        write(to, msgspec.json.format(msgspec.json.encode(said | pem)) + b"\n")
        return
    click.echo(f"{_serial(certificate)}  {certificate.subject.rfc4514_string()}", err=True)
    write(to, _pem(issued.certificate).encode())


def _serial(certificate: Certificate) -> str:
    return f"{certificate.serial_number:040x}"


def _pem(certificate_der: bytes) -> str:
    return load_der_x509_certificate(certificate_der).public_bytes(Encoding.PEM).decode()
