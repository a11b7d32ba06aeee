"""The vocabulary every package shares: no I/O, and nothing that only one package needs."""
