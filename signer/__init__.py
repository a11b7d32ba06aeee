"""The signing service: use cases outside the SAM, the SAM itself (`signer.sam`), documents (`signer.pades`)."""
