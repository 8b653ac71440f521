"""What a Dockerfile costs: bytes shipped, bytes wasted, seconds of the next build."""
