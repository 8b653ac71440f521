"""What dlint knows: tools, base images, and other tables as TOML."""
