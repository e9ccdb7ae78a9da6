"""Activities and notes: everything that has been done with a lead and said about it."""
