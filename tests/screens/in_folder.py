"""kinstall without arguments, in a folder of its own. test_init.py starts it."""

from __future__ import annotations

import os
import sys

from kinstall.cli import main

if __name__ == "__main__":
    os.chdir(sys.argv.pop())
    main()
