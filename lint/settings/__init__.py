"""Options and configuration, and which files are checked."""
