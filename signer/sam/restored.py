"""A database that an operator has restored: what it may still say, and what it may not (attacks O1, O5, O7).

A copy brings back what was over: open transactions, used authorisations, an earlier phone number, a destroyed key. The
marks beside the database tell which of its rows are old, and nothing is done on it until an operator vouches for it:

1. every open transaction ends;
2. a credential of which the copy has an earlier record is revoked: nobody knows what it should say;
3. an approval of which it has an earlier record is withdrawn, and a portal forgotten until it is registered again;
4. what a signatory had used up when the copy was made counts from here on, and a request for one's own revocation stands;
5. the evidence tells of all this, and how many of its rows are lost.
"""

from __future__ import annotations

from signer.sam.parts import Parts
from signer.sam.protocol import Restored, VouchForRestored


class Restoring:
    """Takes an operator's word for a restored database."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def vouch(self, _asked: VouchForRestored) -> Restored:
        """Put a restored database to use; where nothing was restored, only open transactions end.

        Raises:
            RecordTampered: a row was not written by this SAM.
        """
        now = self._parts.clock.now()
        with self._parts.database.transaction() as connection:
            lost = self._parts.evidence.missing(connection)
            ended = self._parts.transactions.end_all(connection)
            revoked = self._parts.records.revoke_older(connection)
            withdrawn = self._parts.approvals.withdraw_older(connection)
            forgotten = self._parts.portals.forget_older(connection)
            self._parts.own_revocations.keep_older(connection)
            self._parts.challenges.vouch(connection)
            self._parts.evidence.vouch(
                connection,
                "database restored",
                now,
                rows_lost=lost,
                transactions_ended=list(ended),
                credentials_revoked=list(revoked),
                approvals_withdrawn=list(withdrawn),
                portals_forgotten=list(forgotten),
            )
        self._parts.database.forget_deleted()
        return Restored(lost, len(ended), revoked, withdrawn, forgotten)
