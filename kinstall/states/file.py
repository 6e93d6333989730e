"""Files: one that is ours whole, one that depends on what the host says, and one of someone else's that we only edit."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from shlex import quote

from kinstall.states.base import Command, State, changes, write

READ_BYTES = 20_000  # enough to show what would change; the hash decides


def look(path: str) -> str:
    """Shell that prints `mode owner:group hash` on a line, then the beginning of the file."""
    p = quote(path)
    return f'[ -f {p} ] && echo "$(stat -c "%a %U:%G" {p}) $(sha256sum < {p} | cut -c1-64)" && head -c {READ_BYTES} {p}'


def keep(path: str) -> Command:
    """Keep a file as it was before us, once."""
    p, kept = quote(path), quote(f"{path}.before-kinstall")
    return Command(f"[ ! -f {p} ] || [ -e {kept} ] || cp -p {p} {kept}", says=f"keep {path} as {path}.before-kinstall")


def put_back(path: str) -> Command:
    """Take our file away; what was kept of somebody else's takes its place again."""
    p, kept = quote(path), quote(f"{path}.before-kinstall")
    return Command(f"if [ -e {kept} ]; then mv -f {kept} {p}; else rm -f {p}; fi")


@dataclass(frozen=True)
class File(State):
    """A file that is ours: content, mode and owner.

    `after` is shell that tells whoever reads the file. `keep`: what stood there before, of somebody else, is kept once beside it.
    `where` is shell that fails on hosts that have no use for the file.
    """

    path: str
    content: str
    mode: str = "0644"
    owner: str = "root:root"
    after: str = ""
    keep: bool = False
    where: str = ""

    @property
    def about(self) -> str:
        return self.path

    def probe(self) -> str:
        return f"{self.where} || {{ echo elsewhere; exit; }}\n{look(self.path)}" if self.where else look(self.path)

    def met(self, seen: str) -> bool:
        if seen.strip() == "elsewhere":
            return True
        wanted = [self.mode.lstrip("0"), self.owner, sha256(self.content.encode(errors="surrogateescape")).hexdigest()]
        return seen.partition("\n")[0].split() == wanted

    def commands(self, seen: str) -> tuple[Command, ...]:
        before = seen.partition("\n")[2]
        written = write(self.path, self.content, mode=self.mode, owner=self.owner, before=before)
        if self.after:
            written = Command(f"{written.shell}\n{self.after}", f"{written.says}\n{self.after}")
        return (keep(self.path), written) if self.keep and before else (written,)

    def undo(self, seen: str) -> tuple[Command, ...]:
        return (put_back(self.path),) if seen.strip() not in ("", "elsewhere") else ()


@dataclass(frozen=True)
class Rendered(State):
    """A file that is ours whole, whose content depends on one line that the host says (a program's version)."""

    path: str
    ask: str                        # shell that prints that line
    render: Callable[[str], str]    # pure
    mode: str = "0644"

    @property
    def about(self) -> str:
        return self.path

    def probe(self) -> str:
        return f'echo "$({self.ask})"; {look(self.path)}'

    def _file(self, seen: str) -> tuple[File, str]:
        answer, _, rest = seen.partition("\n")
        return File(self.path, self.render(answer.strip()), self.mode, keep=True), rest

    def met(self, seen: str) -> bool:
        file, rest = self._file(seen)
        return file.met(rest)

    def commands(self, seen: str) -> tuple[Command, ...]:
        file, rest = self._file(seen)
        return file.commands(rest)

    def undo(self, seen: str) -> tuple[Command, ...]:
        file, rest = self._file(seen)
        return file.undo(rest)


@dataclass(frozen=True)
class Edited(State):
    """A file that someone else owns, changed by a pure, idempotent function; the original is kept once beside it.

    `optional`: where there is no such file, there is nothing to do.
    """

    path: str
    edit: Callable[[str], str]
    unedit: Callable[[str], str] = str  # str: leaves it as it is
    optional: bool = False

    @property
    def about(self) -> str:
        return self.path

    def probe(self) -> str:
        return f"cat {quote(self.path)}"

    def met(self, seen: str) -> bool:
        return (self.optional and not seen) or self.edit(seen) == seen

    def commands(self, seen: str) -> tuple[Command, ...]:
        return (keep(self.path), self._write(seen, self.edit(seen)))

    def undo(self, seen: str) -> tuple[Command, ...]:
        after = self.unedit(seen)
        return (self._write(seen, after),) if after != seen else ()

    def _write(self, seen: str, after: str) -> Command:
        """A copy keeps mode, owner and SELinux label, and takes the file's place whole. A bind mount must be written through."""
        p, new, data = quote(self.path), quote(f"{self.path}.kinstall-new"), quote(f"{self.path}.kinstall-data")
        content = write(f"{self.path}.kinstall-data", after, mode="0600", before=seen)
        shell = (
            f"{content.shell}\n[ ! -e {p} ] || cp -a {p} {new}\ncat {data} > {new}; sync {new}\n"
            f"mv -f {new} {p} 2>/dev/null || {{ cat {data} > {p}; sync {p}; rm -f {new}; }}\nrm -f {data}"
        )
        return Command(shell, says=f"write {self.path}{changes(seen, after)}")


@dataclass(frozen=True)
class EachEdited(State):
    """Every file of a kind that is there (`paths` is shell that prints where), each changed by an edit of its own."""

    title: str
    paths: str
    edit: Callable[[str], Edited]   # path -> its edit

    @property
    def about(self) -> str:
        return self.title

    def probe(self) -> str:
        return f'{self.paths} | while IFS= read -r file; do echo "$(base64 -w0 "$file") $file"; done'

    def _edits(self, seen: str) -> list[tuple[Edited, str]]:
        """The edit of each file found, and the file's text."""
        found = (line.partition(" ") for line in seen.splitlines() if " " in line)
        return [(self.edit(path), base64.b64decode(data).decode(errors="surrogateescape")) for data, _, path in found]

    def met(self, seen: str) -> bool:
        return all(edit.met(text) for edit, text in self._edits(seen))

    def commands(self, seen: str) -> tuple[Command, ...]:
        return tuple(command for edit, text in self._edits(seen) if not edit.met(text) for command in edit.commands(text))

    def undo(self, seen: str) -> tuple[Command, ...]:
        return tuple(command for edit, text in self._edits(seen) for command in edit.undo(text))


def block(lines: tuple[str, ...], name: str = "kinstall") -> Callable[[str], str]:
    """An edit that keeps these lines between two marks: updated in place by a re-run, never doubled.

    The marks are whole lines, so that text of others that mentions them is left alone.
    """
    first, last = f"# {name} begin", f"# {name} end"

    def edit(text: str) -> str:
        before, inside, after = _around(text.splitlines(), first, last)
        kept = before if inside or not before or before[-1] == "" else [*before, ""]
        return "\n".join([*kept, first, *lines, last, *after]) + "\n"

    return edit


def unblock(name: str = "kinstall") -> Callable[[str], str]:
    """The edit that takes such a block out again."""

    def edit(text: str) -> str:
        before, inside, after = _around(text.splitlines(), f"# {name} begin", f"# {name} end")
        return "\n".join([*before, *after]).rstrip("\n") + "\n" if inside else text

    return edit


def _around(lines: list[str], first: str, last: str) -> tuple[list[str], bool, list[str]]:
    if first not in lines or last not in lines[lines.index(first) :]:
        return lines, False, []
    start = lines.index(first)
    return lines[:start], True, lines[lines.index(last, start) + 1 :]
