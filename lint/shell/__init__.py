"""The scripts of RUN."""
