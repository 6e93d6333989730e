"""Measurements that are no tests: they depend on the machine, and on what else it does. README.md has the figures."""
