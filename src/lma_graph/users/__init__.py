"""Users: the people of an organization, and the viewer that a request acts as."""
