"""Commands on activities and notes: plain async functions that raise domain errors and know nothing of GraphQL.

`communication` logs, schedules, changes, completes and cancels; `notes` writes, changes and deletes notes.
"""
