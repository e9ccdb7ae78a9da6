"""The mutations of campaigns, a file for each family."""
