"""The laboratory: real hosts and a mirror of the internet on one machine. README.md says what is real in it."""
