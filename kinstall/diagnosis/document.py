"""docs/troubleshooting.md, written from the table: python -m kinstall.diagnosis.document > docs/troubleshooting.md"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kinstall.diagnosis.evidence import PLACES
from kinstall.diagnosis.judging import fill
from kinstall.diagnosis.table import AT, Entry, Group, Mend, table

KINDS: Final = {"prevent": "prevented", "diagnose": "diagnosed", "both": "prevented, or diagnosed"}
_HEAD: Final = """\
# Troubleshooting

<!-- Written by `python -m kinstall.diagnosis.document` from assets/failures.yaml. -->

When a step fails, kinstall gathers evidence from the hosts involved and looks for these failures in it. It names the cause that
lies nearest to the root: containerd before kubelet before kubeadm. Here is the whole table, to look a message up by hand. Words in
capitals stand for what the message tells.

A failure that is *prevented* is one that a check or a step of the installation takes care of before; it can still come back later.
After the mend, run kinstall again: it goes on from where it stopped.
"""
_PROVOKED: Final = """\
## Provoked on real hosts

What leads to each of these was made on hosts of the laboratory: a check named it before the installation, or the diagnosis after it had
failed, within 15 seconds of the last sign of life. Then it was mended, by the printed commands where there are any, or by the installation
itself; that went through, and another one changed nothing. What cannot be provoked there, [lab.md](lab.md) says.

| Failure | Before, by the check | After, by the diagnosis |
| --- | --- | --- |
"""


def document() -> str:
    """The page, as it must stand in docs/troubleshooting.md."""
    return "\n".join([_HEAD, *_contents(), *_provoked(), *(line for group in table().groups for line in _group(group))]).rstrip() + "\n"


def _contents() -> Iterator[str]:
    yield "| | Failures |\n| --- | --- |"
    for group in table().groups:
        yield f"| {group.title} | {', '.join(f'[{entry.id}](#{entry.id})' for entry in group.failures)} |"
    yield ""


def _provoked() -> Iterator[str]:
    entries = [entry for entry in table().entries.values() if entry.provoked]
    rows = (f"| [{entry.id}](#{entry.id}) | {f'`{entry.check}`' if 'check' in entry.provoked else ''} | "
            f"{'yes' if 'diagnosis' in entry.provoked else ''} |" for entry in entries)
    yield _PROVOKED + "\n".join(rows) + f"\n\n{len(entries)} of {len(table().entries)}.\n"


def _group(group: Group) -> Iterator[str]:
    yield f"## {group.title}\n"
    for entry in group.failures:
        yield from _entry(entry)


def _entry(entry: Entry) -> Iterator[str]:
    check = f" Check: `{entry.check}`." if entry.check else ""
    yield f"### {entry.id}\n\n**{entry.title}.** {KINDS[entry.kind].capitalize()}.{check}\n"
    for signature in entry.signatures:
        yield f"- {', '.join(PLACES[place] for place in signature.where)}: {_code(signature.says)}"
    for signature in entry.also:
        yield f"- and, in {', '.join(PLACES[place] for place in signature.where)}: {_code(signature.says)}"
    yield f"\n{fill(entry.cause, {})}\n"
    for mend in entry.mend:
        yield from _mend(mend)


def _mend(mend: Mend) -> Iterator[str]:
    words = f" {fill(mend.say, {})}" if mend.say else ""
    yield f"{AT[mend.at].capitalize()}:{words}\n"
    if mend.run:
        yield "\n".join(["```sh", *(fill(command, {}) for command in mend.run), "```\n"])


def _code(text: str) -> str:
    fence = "``" if "`" in text else "`"
    return f"{fence}{' ' if fence == '``' else ''}{text}{' ' if fence == '``' else ''}{fence}"


if __name__ == "__main__":
    print(document(), end="")  # noqa: T201  # the page is what this program is for
