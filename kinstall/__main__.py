"""`python -m kinstall` is `kinstall`."""

from kinstall.cli import main

main()
