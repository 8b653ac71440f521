"""The text of a Dockerfile and its tree: bytes, lines, grammar, parser, variables, and what the builder refuses."""
