"""The trusted list of the test scheme (ETSI TS 119 612 v2.4.1): who the provider is, and which services it runs."""
