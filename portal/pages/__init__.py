"""The portal's pages: parse, call one use case, render."""
