"""The time-stamping authority: requests, tokens, refusals (RFC 3161, EN 319 421, EN 319 422)."""
