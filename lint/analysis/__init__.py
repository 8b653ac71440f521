"""What follows from a file: stages, users, installs, downloads, leftovers."""
