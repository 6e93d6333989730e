"""Directories that containers write to: they are there, they are their owner's, and there is room for what will be in them."""

from __future__ import annotations

from dataclasses import dataclass
from shlex import quote
from typing import Final

from kinstall.states.base import Command, State

ROOT: Final = "root:root"
# what the kubelet adds to a volume for a pod's fsGroup; and the setuid bit, which chmod keeps, and which means nothing here
FREE: Final = 0o6070
LABEL: Final = "container_file_t"
LABELS: Final = (LABEL, "nfs_t", "cifs_t", "fusefs_t")     # and those of file systems without labels of their own
UNITS: Final = ("bytes", "KiB", "MiB", "GiB", "TiB", "PiB")


@dataclass(frozen=True)
class Directory(State):
    """A directory of this owner (numbers, as images have them) and mode, on a disk with so much room.

    Only the directory itself is changed, never what is in it: that is data of whoever wrote it, a database may have a million files, and
    there is no way back from a wrong path. A directory for root is taken as it is, whoever owns it: root writes anywhere, and a pod
    that is not root has changed its owner for its own use. A symlink is refused: what it leads to would change its owner, and where the
    disk behind it is not mounted, the directory would be made somewhere else; the answers can as well name where it leads.

    Room is looked for while nothing is in it yet. A directory in use is refused only when its disk is full.
    """

    path: str
    owner: str = "65534:65534"
    mode: str = "0750"
    room: int = 0       # bytes

    @property
    def about(self) -> str:
        return f"directory {self.path}"

    def probe(self) -> str:
        """A word and its value a line: what it is, whose, what is in it, its SELinux context, the disk it is or will be on."""
        return (
            f"p={quote(self.path)}\n"
            'if [ -L "$p" ]; then echo "symlink to $(readlink "$p")"\n'
            'elif [ -d "$p" ]; then echo "directory $(stat -c "%a %u:%g %U:%G" "$p")"\n'
            '  [ -z "$(ls -A "$p" | grep -vx lost+found | head -n 1)" ] && echo contents none || echo contents some\n'
            '  case $(getenforce) in ""|Disabled) ;; *) echo "context $(stat -c %C "$p")" ;; esac\n'
            'elif [ -e "$p" ]; then echo "file: $(stat -c %F "$p")"; else echo missing here; fi\n'
            'while [ ! -d "$p" ]; do p=$(dirname "$p"); done\n'
            'echo "disk $(df -B1 --output=avail,target "$p" | tail -n 1)"'
        )

    def met(self, seen: str) -> bool:
        return "directory" in values(seen) and not self._change(seen) and not self.objection(seen)

    def objection(self, seen: str) -> str:
        """Why this cannot become the directory, to be said after its path; nothing when it can."""
        has = values(seen)
        if "symlink" in has:
            return f"it is a symlink {has['symlink']}; name that directory in the answers instead"
        if "file:" in has:
            return f"it is a {has['file:']}, and should be a directory"
        free, _, disk = has.get("disk", "").partition(" ")
        if not free.isdigit():
            return ""
        if has.get("contents") == "some":
            return f"no space is left on the disk of {disk}" if int(free) == 0 else ""
        return f"{amount(int(free))} free on the disk of {disk}, {amount(self.room)} needed" if int(free) < self.room else ""

    def commands(self, seen: str) -> tuple[Command, ...]:
        objection = self.objection(seen)
        if objection:
            said = quote(f"kinstall: {self.path}: {objection}")
            return (Command(f"echo {said}; exit 1", says=f"{self._says()}: {objection}", once=True),)
        if "directory" in values(seen):
            return tuple(map(Command, self._change(seen)))
        return (Command("\n".join(self._make()), says=self._says()),)

    def undo(self, seen: str) -> tuple[Command, ...]:
        has = values(seen)
        is_mounted = has.get("disk", "").partition(" ")[2] == self.path
        return (Command(f"rmdir {quote(self.path)}"),) if has.get("contents") == "none" and not is_mounted else ()

    def _says(self) -> str:
        return f"make directory {self.path} ({self.mode}, {self.owner})"

    def _make(self) -> tuple[str, ...]:
        user, _, group = self.owner.partition(":")
        path = quote(self.path)
        return (
            "umask 022",
            f"mkdir -p {quote(self.path.rpartition('/')[0] or '/')}",
            f"install -d -m {self.mode} -o {user} -g {group} {path}",
            # without SELinux there is no getenforce, or no context
            f'case "$(getenforce 2>/dev/null) $(stat -c %C {path} 2>/dev/null)" in Disabled*|" "*) ;; *:*) {self._label()} ;; esac',
        )

    def _label(self) -> str:
        return f"chcon -t {LABEL} {quote(self.path)}"

    def _change(self, seen: str) -> list[str]:
        """What makes an existing directory right, a line of shell each."""
        has, path, change = values(seen), quote(self.path), []
        mode, numbers, names = [*has.get("directory", "").split(), "0", "", ""][:3]
        users = [pair.partition(":")[0] for pair in (numbers, names)]
        if self.owner != ROOT and self.owner.partition(":")[0] not in users:
            change.append(f"chown --no-dereference {self.owner} {path}")
        if self.owner != ROOT and not fits(int(mode, 8), int(self.mode, 8)):
            change.append(f"chmod {self.mode} {path}")
        context = has.get("context", "").split(":")
        return [*change, *([self._label()] if len(context) > 2 and context[2] not in LABELS else [])]


def fits(mode: int, wanted: int) -> bool:
    """Is a directory's mode the wanted one, or the wanted one widened for a pod's fsGroup?"""
    return mode & wanted == wanted and mode & ~FREE == wanted & ~FREE


def values(seen: str) -> dict[str, str]:
    """What the probe printed: each line's first word, and the rest of it."""
    pairs = (line.strip().partition(" ") for line in seen.splitlines())
    return {word: rest.strip() for word, _, rest in pairs}


def amount(size: float) -> str:
    """Bytes as a person says it: 512 bytes, 1 MiB, 9.5 GiB. Rounded down: what is too little must not look like enough."""
    power = max((n for n in range(len(UNITS)) if size >= 1024**n), default=0)
    return f"{int(size / 1024**power * 10) / 10:g} {UNITS[power]}"
