"""The CSC API v2 methods."""
