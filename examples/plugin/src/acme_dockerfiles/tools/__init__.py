"""The tools that only Acme has: one TOML file each, as in dlint's own catalogue."""
