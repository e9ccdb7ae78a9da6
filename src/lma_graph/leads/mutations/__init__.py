"""Mutations about leads, a file for each family; `schema.graph` lists their classes."""
