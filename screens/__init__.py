"""The Textual screens, imported as kinstall.screens."""
