"""The service's face: CSC API, OAuth 2.0, authorization pages. It holds no key and knows the SAM as a correspondent."""
