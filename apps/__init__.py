"""Composition: the only code that sees everything, and holds no logic."""
