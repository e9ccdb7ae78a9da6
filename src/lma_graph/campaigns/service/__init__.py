"""Commands on campaigns and their members."""
