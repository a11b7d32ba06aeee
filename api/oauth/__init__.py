"""The OAuth 2.0 authorization server: clients, pushed requests, codes, tokens."""
