"""Workflows: what n8n is to run, and when."""
