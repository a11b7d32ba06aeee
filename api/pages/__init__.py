"""The authorization pages: what the signatory sees between the portal's request and the portal's answer."""
