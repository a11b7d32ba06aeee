"""Backups of a whole installation: made, proved by restoring them, and put back in place by two people."""
