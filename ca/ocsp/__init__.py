"""The OCSP responder: requests, answers, and who may sign them (RFC 6960, RFC 5019, RFC 9654)."""
