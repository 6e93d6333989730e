"""What the result says, in words. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from kinstall.errors import told
from kinstall.events import Failure, Proved, RunEnded
from kinstall.headless import summary
from kinstall.progress import HostProgress, Progress

TAIL: Final = 5             # lines of what a command printed last
RESULT_SIGNS: Final = {"done": "done", "failed": "failed", "cancelled": "skipped"}


def spent(seconds: float) -> str:
    """22 s, 6 min 12 s, 1 h 5 min."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes_left = divmod(minutes, 60)
    return f"{hours} h {minutes_left} min" if hours else f"{minutes} min {rest} s" if minutes else f"{rest} s"


def head(progress: Progress) -> tuple[str, str]:
    """The status whose sign stands before it, and the run in one line."""
    ended = progress.ended
    if ended is None:
        return "failed", f"{progress.cluster}: it did not come to its end"
    if is_look(progress):
        good = progress.proofs and not failing(progress) and ended.result == "done"
        return "done" if good else RESULT_SIGNS[ended.result], _looked(progress, ended)
    seconds = f"{ended.seconds:.0f} s"
    words = summary(progress, ended).replace(f", {seconds}", f", in {spent(ended.seconds)}")
    return RESULT_SIGNS[ended.result], words.replace(f"after {seconds}", f"after {spent(ended.seconds)}")


def is_look(progress: Progress) -> bool:
    """A look at a cluster that is there: nothing was planned."""
    return not progress.steps and bool(progress.proofs)


def _looked(progress: Progress, ended: RunEnded) -> str:
    bad = {proof.step for proof in failing(progress)}
    state = f"{', '.join(sorted(bad))}: not as it should be" if bad else "works" if ended.result == "done" else "not all was looked at"
    return f"{progress.cluster}{':' * (state != 'works')} {state}: {counted(progress.proofs)}, in {spent(ended.seconds)}"


def counted(proofs: Sequence[Proved]) -> str:
    """14 of 14 proofs hold."""
    last = newest(proofs)
    return f"{sum(proof.holds for proof in last)} of {len(last)} {'proof holds' if len(last) == 1 else 'proofs hold'}"


def newest(proofs: Sequence[Proved]) -> list[Proved]:
    """The last word on each."""
    return list({(proof.step, proof.what): proof for proof in proofs}.values())


def failing(progress: Progress) -> list[Proved]:
    """What does not hold."""
    return [proof for proof in newest(progress.proofs) if not proof.holds]


def todo(progress: Progress, *, can_go_back: bool) -> str:
    """What to do when it is not ready; "" when it is."""
    ended = progress.ended
    if ended is None:
        return "Start kinstall again: it follows what still runs, and goes on from there."
    if ended.result == "done" and not failing(progress):
        return ""
    how = "Esc goes back to the plan" if can_go_back else "run kinstall again"
    if ended.result == "cancelled":
        return f"To go on from here: {how}."
    if is_look(progress):
        return "Look at what does not hold: kubectl get pods -A. Then v looks again."
    return f"Mend it, then {how}: what is done already is not done again."


def left_failures(progress: Progress) -> list[Failure]:
    """Those that were not mended on the way: of each step the last. What is of no host counts, too."""
    if progress.ended and progress.ended.result == "done":
        return []
    return list({(one.host, one.step, "" if one.host else one.message): one for one in progress.failures if _stays(progress, one)}.values())


def _stays(progress: Progress, failure: Failure) -> bool:
    host = progress.hosts.get(failure.host)
    if host is None:
        return True
    cell = host.cells.get(failure.step)
    return host.failure is not None and (cell is None or cell.status not in ("done", "already"))


def failure_lines(failure: Failure) -> Iterator[tuple[str, bool]]:
    """A failure as a person reads it, each line with whether it is what the command printed: of that the end, at the end."""
    message = failure.message.removeprefix(f"{failure.host}: ")
    yield from ((line, False) for line in told(
        message, hint=failure.hint, host=failure.host, step=failure.step, explained=failure.explained))
    hidden = len(failure.tail) - TAIL
    if hidden > 0:
        yield f"… {hidden} lines more are in the journal", True
    yield from ((line, True) for line in failure.tail[-TAIL:])


def state(host: HostProgress) -> tuple[str, str]:
    """How far a host came: a status for its sign, and words. ("", "") when nothing was to be done on it."""
    if not host.cells:
        return "", ""
    failed = next((step for step, cell in host.cells.items() if cell.status == "failed"), host.failure.step if host.failure else "")
    if failed:
        return "failed", f"failed at {failed}"
    over = sum(cell.status in ("done", "already") for cell in host.cells.values())
    skipped = sum(cell.status == "skipped" for cell in host.cells.values())
    if over + skipped < len(host.cells):
        return "pending", f"{over} of {len(host.cells)} steps"
    return "done", ""
