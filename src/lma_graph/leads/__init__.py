"""Leads: the people and companies everything here is about, how they are found and who may see them."""
