"""The `preflight` zone: one socket, the key that signs its verdicts, tight limits; no token, no database, no network."""
