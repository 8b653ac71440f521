"""Hunts for fixes that change what a Dockerfile builds: generated files, before and after, in a light executor. See README.md."""
