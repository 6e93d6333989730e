"""The ground of every app with screens: a palette that knows every action, and a report instead of a traceback when kinstall has a bug."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import ClassVar

from rich.text import Text
from textual.app import App, SystemCommand
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.worker import WorkerFailed

from kinstall import report
from kinstall.secrets import Redactor

HIDDEN = frozenset({"Maximize", "Minimize", "Screenshot", "Keys"})


class KinstallApp(App[int]):
    """An App whose return value is the exit code."""

    TITLE = "kinstall"
    ENABLE_COMMAND_PALETTE = True
    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+z", "suspend_process", show=False, priority=True)]

    def redactor(self) -> Redactor:
        """What must not be in a report."""
        return Redactor()

    def journal(self) -> str:
        """The journal of what is under way, for a report."""
        return ""

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Every key of the screen as a command, and what Textual offers besides."""
        for _, binding, enabled, tooltip in screen.active_bindings.values():
            if binding.description and enabled and not binding.system:
                key = self.get_key_display(binding)
                yield SystemCommand(binding.description, f"{tooltip or binding.description} ({key})", self._doing(screen, binding.action))
        yield from (command for command in super().get_system_commands(screen) if command.title not in HIDDEN)

    def _doing(self, screen: Screen[object], action: str) -> Callable[[], None]:
        def later() -> None:
            self.call_later(screen.run_action, action)

        return later

    def _handle_exception(self, error: Exception) -> None:
        """A bug: where somebody reads the screen, the way to a report; under test, the exception itself."""
        if self.is_headless or self._exception is not None:
            super()._handle_exception(error)
            return
        self._return_code, self._exception = 1, error
        cause = error.error if isinstance(error, WorkerFailed) else error
        self._exception_event.set()
        path = report.write(cause, self.redactor(), journal=self.journal())
        self.panic(Text("\n".join(report.told(cause, path))))
