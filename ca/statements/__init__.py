"""The certification practice statement and the disclosure statements: texts, filled in and published as PDF."""
