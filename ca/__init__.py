"""The certification authority: issuance, certificates on record, CRL, and what the `status` zone serves."""
