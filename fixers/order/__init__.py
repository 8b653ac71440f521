"""The order of steps: moves, manifest copies, and the proof of a place."""
