"""Groups of leads, activities and campaigns, a file for each: what they can be grouped by, and what is measured."""
