"""What happens to leads, for features above to take part in. `numbers` are the leads' ids."""

from lma_graph.kernel.participants import Occasion

LEAD_CREATED = Occasion("lead_created", "Leads have been written for the first time.")
LEAD_CHANGED = Occasion("lead_changed", "Values of leads have changed; `columns` are those that did.")
LEAD_DELETED = Occasion("lead_deleted", "Leads were deleted, and can be restored.")
LEAD_RESTORED = Occasion("lead_restored", "Deleted leads are back.")
LEAD_MERGED = Occasion(
    "lead_merged",
    "Other leads, `merged`, are being merged into the lead: whoever has rows about them gives them to the lead, and "
    "keeps under the table's name in `moved`, a JSON object, what it takes to give them back.",
)
LEAD_UNMERGED = Occasion(
    "lead_unmerged", "The leads `merged` are being separated from the lead again; `moved` is what was kept."
)
LEAD_CONVERTED = Occasion("lead_converted", "Leads became customers.")
LEAD_ERASED = Occasion(
    "lead_erased", "A person is being erased, with the leads that were merged: nothing about them may stay in words."
)
