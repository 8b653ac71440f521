"""What an install reads: manifests, lock files, and the files that these name."""
