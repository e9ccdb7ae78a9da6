"""Executions: runs of n8n workflows and of the server's own long work, with progress and result."""
