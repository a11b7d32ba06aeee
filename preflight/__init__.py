"""The inspection of PDFs: what can be signed, what an increment adds. No key of any token, no database, no network."""
