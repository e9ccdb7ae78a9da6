"""The worker: runs what the features have registered as jobs. The only place where names of jobs become functions."""
