"""Numbers about leads, activities, campaigns and scores. Enter at `queries`."""
