"""What happens to leads, for features above to take part in. `numbers` are the leads' ids."""

from lma_graph.kernel.participants import Occasion

LEAD_CREATED = Occasion("lead_created", "Leads have been written for the first time.")
LEAD_CHANGED = Occasion("lead_changed", "Values of leads have changed; `columns` are those that did.")
LEAD_DELETED = Occasion("lead_deleted", "Leads were deleted, and can be restored.")
LEAD_RESTORED = Occasion("lead_restored", "Deleted leads are back.")
