"""Look-ups in image registries, which are only made when the user asks for them."""
