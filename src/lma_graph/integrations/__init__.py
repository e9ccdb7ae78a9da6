"""Integrations: connections to other systems."""
