"""What every feature stands on. The kernel knows nothing about leads."""
