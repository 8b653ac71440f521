"""Caches of package managers: mounting them, and cleaning them up."""
