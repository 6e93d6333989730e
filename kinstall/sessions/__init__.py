"""Recorded sessions: which there are, reading them, playing them, making them nameless, pictures of them."""
