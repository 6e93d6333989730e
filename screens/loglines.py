"""What of a run is a line of its log: output and commands, and marks where a step begins or ends."""

from __future__ import annotations

from collections.abc import Mapping

from kinstall.events import AnyEvent, CommandStarted, Decided, Failure, Note, Output, StepChanged
from kinstall.screens.widgets.rings import Line, clean
from kinstall.screens.widgets.signs import status_sign

MARKED = ("running", "done", "failed", "skipped")   # changes of a step that the log tells


def lines_of(event: AnyEvent, titles: Mapping[str, str]) -> tuple[str, list[Line]]:
    """The host ("" for the run itself) and its new lines. `titles`: of the steps."""
    match event:
        case Output():
            return event.host, [Line(event.at, event.host, clean(text)) for text in event.lines]
        case CommandStarted():
            shown = event.shell.splitlines() or [f"(goes on with {event.unit})"]
            marks = ("$ ", *("  " for _ in shown[1:]))
            return event.host, [Line(event.at, event.host, mark + clean(text), "command") for mark, text in zip(marks, shown, strict=True)]
        case StepChanged() if event.status in MARKED:
            took = f"  {event.seconds:.1f} s" if event.seconds else ""
            text = f"{status_sign(event.status)} {titles.get(event.step, event.step)}: {event.status}{took}"
            return event.host, [Line(event.at, event.host, text, "step")]
        case Note() | Failure():
            text = event.text if isinstance(event, Note) else event.message
            return event.host, [Line(event.at, event.host, clean(line), "note") for line in text.splitlines()]
        case Decided():
            return event.host, [Line(event.at, event.host, f"you said: {event.decision}", "note")]
    return "", []
