"""What an image is made of: slim bases, build tools, development dependencies."""
