"""Acme's own rules and tools for dlint."""
