"""Commands of the command line that are not about an installation: each file has those that belong together."""
