"""Taking leads in from files: from bytes to validated rows to the database, in constant memory.

Enter at `run.ImportRun`, which `service.importing` drives. Upwards: `encodings` and `values` know characters and
fields, `records` splits a file, `mapping` says which column is what, `rows` validates, `seen` finds duplicates within
the file, `loading` writes chunks, `report` keeps what went wrong.
"""
