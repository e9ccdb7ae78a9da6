"""Mutations about activities and notes, a file for each family; `schema.graph` lists their classes."""
