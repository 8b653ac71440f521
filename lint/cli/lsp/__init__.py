"""The language server: what editors ask, and the answers."""
