"""The whole graph, assembled: one line per feature. Remove a feature's folder and its line, and it is gone."""
