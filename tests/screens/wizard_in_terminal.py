"""The wizard in a real terminal, going on with an installation that never ends. test_wizard.py starts it."""

from __future__ import annotations

import sys

from kinstall.draft import Draft
from kinstall.screens.wizard import show
from tests.screens.conftest import RecordedDesk
from tests.screens.in_terminal import Counting
from tests.screens.stagehand import begun, step

if __name__ == "__main__":
    draft = Draft({"hosts": [{"name": "a", "address": "10.0.0.1", "role": "control-plane"}]}, session="a journal")
    desk = RecordedDesk(tapes={"install": Counting([*begun(["a"]), step("a", "tools", "running")])})
    sys.exit(show(draft, desk))
