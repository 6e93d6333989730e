"""States: what must hold on a host. About twenty kinds, each frozen data with four pure parts: probe, met, commands, undo."""

from kinstall.states.account import Hostname, Member
from kinstall.states.base import Command, State, batch, unbatch, write
from kinstall.states.command import Check
from kinstall.states.file import Absent, Edited, File, Rendered, block, unblock
from kinstall.states.firewall import Firewalld, Ufw
from kinstall.states.kernel import Module, NoSwapUnits, NoZram, SwapOff, Sysctl, SysctlAtLeast, with_swap, without_swap
from kinstall.states.package import Held, Key, OrByHand, Packages, Removed
from kinstall.states.repository import NoOtherEntry
from kinstall.states.service import Disabled, Enabled, Service

__all__ = [
    "Absent", "Check", "Command", "Disabled", "Edited", "Enabled", "File", "Firewalld", "Held", "Hostname", "Key", "Member", "Module",
    "NoOtherEntry", "NoSwapUnits", "NoZram", "OrByHand", "Packages", "Removed", "Rendered", "Service", "State", "SwapOff", "Sysctl",
    "SysctlAtLeast", "Ufw", "batch", "block", "unbatch", "unblock", "with_swap", "without_swap", "write",
]
