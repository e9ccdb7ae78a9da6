"""Commands on leads: plain async functions that raise domain errors and know nothing of GraphQL or HTTP.

`life` creates, changes, deletes and restores; `importing` loads files.
"""
