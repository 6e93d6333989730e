"""The `lab` command and the class Lab that tests use. Only the standard library: it runs on the machine's own Python."""
