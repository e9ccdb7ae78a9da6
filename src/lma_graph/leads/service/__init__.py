"""Commands on leads: plain async functions that raise domain errors and know nothing of GraphQL or HTTP.

`life` creates, changes, deletes and restores; `assigning` and `dealing` find owners, by `rules` and in `turns`; `bulk`
changes many at once, which `selecting` chooses; `upserting` creates or changes what
is told apart by a key; `merging` makes one lead of several; `converting` and `erasing` end its life; `importing` loads
files.
"""
