"""Campaigns: who is approached, with what, and how they answer."""
