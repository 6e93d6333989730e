"""States: what must hold on a host. About twenty kinds, each frozen data with four pure parts: probe, met, commands, undo."""

from kinstall.states.account import Hostname, Member
from kinstall.states.base import Command, State, batch, unbatch, write
from kinstall.states.command import Check
from kinstall.states.directory import Directory
from kinstall.states.file import EachEdited, Edited, File, Rendered, block, unblock
from kinstall.states.firewall import Firewalld, Ufw
from kinstall.states.kernel import KeptAtLeast, Module, NoSwapUnits, NoZram, SwapOff, Sysctl, with_swap, without_swap
from kinstall.states.package import Held, Key, OrByHand, Packages, Removed
from kinstall.states.repository import no_other_entry
from kinstall.states.service import Disabled, Enabled, Service

__all__ = [
    "Check", "Command", "Directory", "Disabled", "EachEdited", "Edited", "Enabled", "File", "Firewalld", "Held",
    "Hostname", "KeptAtLeast", "Key", "Member", "Module", "NoSwapUnits", "NoZram", "OrByHand", "Packages", "Removed", "Rendered", "Service",
    "State", "SwapOff", "Sysctl", "Ufw", "batch", "block", "no_other_entry", "unbatch", "unblock", "with_swap", "without_swap",
    "write",
]
