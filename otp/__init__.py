"""One-time codes: making, sending, judging and limiting them."""
