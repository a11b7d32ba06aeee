"""The visible appearance of a signature: one fixed form, so that whoever judges an increment can draw it again."""
