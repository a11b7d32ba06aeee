"""`paraph ca export`: what the authority has issued, as files for others."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

import click
import msgspec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import load_der_x509_certificate, load_der_x509_crl

from apps.commands.authority import Authority
from apps.commands.ca_parts import generation, newest
from apps.commands.frame import Group, to_file
from apps.commands.frame import as_json as json_option
from apps.commands.output import say_json, with_progress, write
from ca import publication
from ca.protocol import CertificateSummary
from core.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apps.installation import Installation
    from ca.client import CaClient

_PAGE: Final = 1000
_COLUMNS: Final = tuple(field.name for field in msgspec.structs.fields(CertificateSummary))


@click.group(cls=Group)
def export() -> None:
    """Write certificates, the chain, the revocation list or the record to files."""


@export.command(example="paraph ca export certificates exported --status good")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--status", type=click.Choice(("good", "suspended", "revoked")), help="Those with this status alone.")
@json_option
@click.pass_obj
def certificates(installation: Installation, *, folder: Path, status: str | None, as_json: bool) -> None:
    """Write each certificate as PEM into a folder, named by its serial number."""
    record = Authority(installation).record
    wanted = [each for each in _lines(record) if status in {None, each.status}]
    folder.mkdir(parents=True, exist_ok=True)
    for each in with_progress(wanted, "Writing"):
        certificate = load_der_x509_certificate(record.show(each.serial).certificate)
        write(str(folder / f"{each.serial}.pem"), certificate.public_bytes(Encoding.PEM))
    if as_json:
        say_json({"folder": str(folder), "certificates": [each.serial for each in wanted]})
        return
    click.echo(f"{len(wanted)} certificates in {folder}")


@export.command(example="paraph ca export record --format csv --out record.csv")
@click.option("--format", "form", type=click.Choice(("csv", "json")), default="csv", show_default=True)
@click.option("--json", "form", flag_value="json", help="The same as --format json.")
@to_file
@click.pass_obj
def record(installation: Installation, *, form: Literal["csv", "json"], to: str) -> None:
    """Write the issuance record: every certificate with its subject, profile, validity and status, newest first."""
    lines = list(_lines(Authority(installation).record))
    if form == "json":
        write(to, msgspec.json.format(msgspec.json.encode(lines)) + b"\n")
        return
    text = io.StringIO()
    table = csv.writer(text)
    table.writerow(_COLUMNS)
    table.writerows([_cell(value) for value in msgspec.to_builtins(each).values()] for each in lines)
    write(to, text.getvalue().encode())


@export.command(example="paraph ca export chain --out chain.pem")
@generation
@click.option("--json", "as_json", is_flag=True, help="Write JSON.")
@to_file
@click.pass_obj
def chain(installation: Installation, *, generation: int | None, to: str, as_json: bool) -> None:
    """Write the issuing CA's certificate and the root's, as PEM."""
    number = generation or newest(installation)
    issuing = _published(installation, publication.issuing_certificate_pem(number))
    root = _published(installation, publication.ROOT_CERTIFICATE_PEM)
    if as_json:
        write(to, msgspec.json.encode({"issuing": issuing.decode(), "root": root.decode()}) + b"\n")
        return
    write(to, issuing + root)


@export.command(example="paraph ca export crl --out issuing.crl.pem")
@generation
@click.option("--der", is_flag=True, help="As DER, in place of PEM.")
@click.option("--json", "as_json", is_flag=True, help="Write JSON.")
@to_file
@click.pass_obj
def crl(installation: Installation, *, generation: int | None, to: str, der: bool, as_json: bool) -> None:
    """Write the revocation list that is published now."""
    data = _published(installation, publication.issuing_crl(generation or newest(installation)))
    pem = load_der_x509_crl(data).public_bytes(Encoding.PEM)
    write(to, msgspec.json.encode({"crl": pem.decode()}) + b"\n" if as_json else data if der else pem)


def _published(installation: Installation, name: str) -> bytes:
    try:
        return (installation.settings().published() / name).read_bytes()
    except OSError as error:
        raise Unavailable(f"{name} is not published: {error.strerror}") from error


def _lines(record: CaClient) -> Iterator[CertificateSummary]:
    """Give every line of the record, newest first."""
    after = ""
    while page := record.list(_PAGE, after):
        yield from page
        after = page[-1].serial


def _cell(value: object) -> str:
    """Return a value as a spreadsheet takes it: nothing in it is read as a formula."""
    text = "" if value is None else str(value)
    return f"'{text}" if text[:1] in "=+-@\t\r" and text else text
