"""Reads Dockerfiles: grammar, tree, shell, rules' engine, reports."""
