"""What manifests refer to, one module an ecosystem: the files that an install reads because a manifest says so."""
