"""The command groups of `paraph`."""
