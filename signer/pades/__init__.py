"""Signatures in PDF documents: the increment with a signature field, and the CMS in its room."""
