"""What can be done with campaigns and their members; knows nothing of GraphQL."""
