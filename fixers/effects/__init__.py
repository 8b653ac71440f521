"""What steps read and write, and which must keep their order."""
