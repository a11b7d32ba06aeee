"""Whether a file that came back from the signing service is what the portal asked for."""
