"""The kernel's side of a node: modules, sysctls, swap."""

from __future__ import annotations

from dataclasses import dataclass

from kinstall.states.base import Command, State, write
from kinstall.states.file import File, keep, put_back


@dataclass(frozen=True)
class Module(State):
    """A kernel module that is in effect now. `evidence` is shell that succeeds when it is, built in or loaded."""

    name: str
    evidence: str

    @property
    def about(self) -> str:
        return f"module {self.name}"

    def probe(self) -> str:
        return f"{self.evidence} && echo loaded"

    def met(self, seen: str) -> bool:
        return seen.strip() == "loaded"

    def commands(self, seen: str) -> tuple[Command, ...]:
        return (Command(f"modprobe {self.name}"),)


@dataclass(frozen=True)
class Sysctl(State):
    """A kernel setting as it is now; the file in /etc/sysctl.d that keeps it is a File."""

    key: str
    value: str

    @property
    def about(self) -> str:
        return f"sysctl {self.key}"

    def probe(self) -> str:
        return f"cat /proc/sys/{self.key.replace('.', '/')}"

    def met(self, seen: str) -> bool:
        return seen.strip() == self.value

    def commands(self, seen: str) -> tuple[Command, ...]:
        return (Command(f"sysctl -w {self.key}={self.value}"),)


@dataclass(frozen=True)
class KeptAtLeast(Sysctl):
    """A kernel limit that may be higher than we need, never lower: raised now and at boot only where it is lower."""

    def met(self, seen: str) -> bool:
        return seen.strip().isdigit() and int(seen) >= int(self.value)

    @property
    def path(self) -> str:
        """The file that raises it at boot."""
        return f"/etc/sysctl.d/90-kinstall-{self.key}.conf"

    def commands(self, seen: str) -> tuple[Command, ...]:
        return (write(self.path, f"{self.key} = {self.value}\n"), *super().commands(seen))

    def undo(self, seen: str) -> tuple[Command, ...]:
        return (Command(f"rm -f {self.path}"),)


@dataclass(frozen=True)
class SwapOff(State):
    """No swap in use now. What would bring it back at boot is other states' business."""

    @property
    def about(self) -> str:
        return "swap"

    def probe(self) -> str:
        return "tail -n +2 /proc/swaps"

    def met(self, seen: str) -> bool:
        return not seen.strip()

    def commands(self, seen: str) -> tuple[Command, ...]:
        return (Command("swapoff -a", long=True),)  # what is swapped out must come back into memory first: minutes on a slow disk

    def undo(self, seen: str) -> tuple[Command, ...]:
        return (Command("swapon -a"),)


@dataclass(frozen=True)
class NoSwapUnits(State):
    """No systemd unit that brings swap back at boot: .swap units of the disk's own, dphys-swapfile. fstab's are not counted."""

    @property
    def about(self) -> str:
        return "swap units"

    def probe(self) -> str:
        # what systemd makes of /etc/fstab vanishes with the line there; of other generators (GPT, zram) it comes back at boot
        return (
            "systemctl list-unit-files --no-legend --no-pager '*.swap' dphys-swapfile.service | while read -r unit state rest; do\n"
            "case $state in masked|masked-runtime|disabled|transient) continue ;;\n"
            "generated) [ \"$(systemctl show -p SourcePath \"$unit\")\" = SourcePath=/etc/fstab ] && continue ;; esac\n"
            "echo \"$unit\"; done"
        )

    def met(self, seen: str) -> bool:
        return not seen.split()

    def commands(self, seen: str) -> tuple[Command, ...]:
        return tuple(Command(f"systemctl mask --now '{unit}'") for unit in seen.split())


@dataclass(frozen=True)
class NoZram(State):
    """zram-generator makes no swap: an empty file in /etc overrides the distribution's. Met where there is no such generator."""

    path: str = "/etc/systemd/zram-generator.conf"

    @property
    def about(self) -> str:
        return "zram swap"

    def probe(self) -> str:
        return f"[ -e /usr/lib/systemd/system-generators/zram-generator ] && echo generator && grep -c '^\\[' {self.path}"

    def met(self, seen: str) -> bool:
        return seen.split() in ([], ["generator", "0"])

    def commands(self, seen: str) -> tuple[Command, ...]:
        said = "# zram swap is off: the kubelet wants none (kinstall)\n"
        stop = Command("systemctl daemon-reload; systemctl stop 'systemd-zram-setup@*' 'dev-zram*.swap' || true")
        return (keep(self.path), *File(self.path, said).commands(""), stop)

    def undo(self, seen: str) -> tuple[Command, ...]:
        return (put_back(self.path),) if seen else ()


SWAP_MARK = "#kinstall# "


def without_swap(fstab: str) -> str:
    """Comment out the swap lines of an fstab. Idempotent, since a commented line is not a swap line any more."""
    return "".join(SWAP_MARK + line if _is_swap(line) else line for line in fstab.splitlines(keepends=True))


def with_swap(fstab: str) -> str:
    """Take back what `without_swap` did, and nothing else."""
    return "".join(line.removeprefix(SWAP_MARK) for line in fstab.splitlines(keepends=True))


def _is_swap(line: str) -> bool:
    fields = line.split()
    return len(fields) > 2 and fields[2] == "swap" and not line.lstrip().startswith("#")
