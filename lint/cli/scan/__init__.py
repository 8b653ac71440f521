"""The parts of `dlint scan`: sources, workers, results, summary."""
