"""Rules and findings: what a rule is, which there are, running them, and silencing them."""
