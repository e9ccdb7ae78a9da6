"""The timeline of a lead: everything that happened with it, whatever it is, as one list. Enter at `types`."""
