"""Organizations: the tenants, their settings and their subscription."""
