"""The build context: files, ignore patterns, and the history of a repository."""
