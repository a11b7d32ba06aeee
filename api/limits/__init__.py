"""How much a portal may ask: requests a minute, signatures a day, and requests a minute for one signatory."""
