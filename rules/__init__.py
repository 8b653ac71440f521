"""One file a rule, or a family of rules over several tools. Nothing else lies here."""
