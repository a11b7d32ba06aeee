"""`paraph ca`: the certification authority, for its administrators and operators."""

from __future__ import annotations

import click

from apps.commands import (
    ca_admins,
    ca_backup,
    ca_ceremony,
    ca_certificates,
    ca_export,
    ca_lists,
    ca_overview,
    ca_parts,
    ca_proposals,
    ca_renew,
    ca_root_list,
    ca_rotate,
    ca_status,
)
from apps.commands.ca_statements import statements
from apps.commands.frame import Group


@click.group(cls=Group)
def ca() -> None:
    """The certification authority: its certificates, lists and administrators.

    What changes the authority asks who you are: name an administrator with --as, and type password and code when asked.
    What could do great harm takes two: one proposes, another approves.
    """


for command in (
    ca_overview.status,
    ca_certificates.list_certificates,
    ca_certificates.show,
    ca_certificates.issue,
    ca_status.revoke,
    ca_status.suspend,
    ca_status.resume,
    ca_renew.renew,
    ca_proposals.propose,
    ca_proposals.proposals,
    ca_proposals.approve,
    ca_proposals.reject,
    ca_proposals.carry_out,
    ca_lists.crl,
    ca_lists.trusted_list,
    ca_parts.ocsp,
    ca_parts.tsa,
    ca_rotate.rotate,
    ca_root_list.root_list,
    ca_export.export,
    ca_backup.backup,
    ca_backup.restore,
    ca_ceremony.ceremony,
    ca_admins.admin,
    statements,
):
    ca.add_command(command)
