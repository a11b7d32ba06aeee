"""The database engine and its transactions; no table of its own."""
