"""The API server, reached through the SSH connection to its node: apply, wait, explain."""
