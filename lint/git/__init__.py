"""git, asked about a repository that nobody vouches for."""
