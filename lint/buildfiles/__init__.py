"""Compose and bake files: the builds that they ask for."""
