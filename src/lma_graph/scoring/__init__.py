"""Scoring: the rules that give points, and the ledger of every point given."""
