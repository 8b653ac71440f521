"""Errors whose message is a sentence for the user: the command line prints it and exits with status 2."""

from __future__ import annotations


class ConfigError(Exception):
    """A configuration that cannot be used; the message says where, what is wrong, and what to do."""


class PluginError(Exception):
    """A plug-in that cannot be loaded, or that brings what is there already; the message names it."""


class SourceError(Exception):
    """A file that cannot be read; the message is a sentence that names it."""
