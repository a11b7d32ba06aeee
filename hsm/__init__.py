"""The hardware security module: the only package that speaks PKCS#11."""
