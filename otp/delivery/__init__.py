"""How a message reaches a phone."""
