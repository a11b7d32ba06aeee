"""The signature activation module (SAM): the only code that uses a signatory's key (EN 419 241-2)."""
