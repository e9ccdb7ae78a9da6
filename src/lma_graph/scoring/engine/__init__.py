"""The engine of scoring: what the rules give to leads, and the entries that bring the ledger there.

Enter at `run.rescore`, by which one lead, many and everyone are scored alike. `rules` reads the rules that count and
knows what each looks at, `expressions` makes SQL of them, `statement` puts one statement together for a chunk of leads.
"""
