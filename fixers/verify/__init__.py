"""The proof of fixes: builds a file before and after with a real engine, and compares what comes out."""
