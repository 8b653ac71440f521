"""Rewrites of one instruction."""
