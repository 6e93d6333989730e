"""Other names for what identifies somebody's machines: made in the order in which they appear, the same again for the same."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from typing import Final

Octets = tuple[int, ...]

# Loopback, "any", netmasks and multicast say nothing about anybody.
_PUBLIC_FIRST: Final = frozenset({0, 127, *range(224, 256)})


def octets(text: str) -> Octets | None:
    """The four numbers of an IPv4 address, whether they stand between dots or dashes; None when it is none."""
    numbers = tuple(int(part) for part in re.split(r"[.-]", text))
    return numbers if len(numbers) == 4 and max(numbers) < 256 else None


class Addresses:
    """IPv4 addresses by others in 10.0.0.0/8, so that those of one network stay in one network. None of the originals is used again."""

    def __init__(self, originals: Iterable[Octets]) -> None:
        known = [found for found in dict.fromkeys(originals) if found[0] not in _PUBLIC_FIRST]
        self._taken = {found[:2] for found in known}
        self._pairs: dict[Octets, Octets] = {}
        self._thirds: dict[Octets, int] = {}
        self._fourths: dict[Octets, int] = {}
        for found in known:
            self.of(found)

    def of(self, found: Octets) -> Octets:
        """The other address for this one."""
        if found[0] in _PUBLIC_FIRST:
            return found
        pair = self._pairs.get(found[:2]) or self._new_pair(found[:2])
        third = self._thirds.setdefault(found[:3], sum(key[:2] == found[:2] for key in self._thirds))
        if found not in self._fourths:
            used = sum(key[:3] == found[:3] and key[3] not in (0, 255) for key in self._fourths)
            self._fourths[found] = found[3] if found[3] in (0, 255) else used + 1
        return (*pair, third, self._fourths[found])

    def _new_pair(self, original: Octets) -> Octets:
        every = ((first, second) for first in (10, *range(11, 127), *range(1, 10), *range(128, 224)) for second in range(256))
        self._pairs[original] = next(pair for pair in every if pair not in self._taken)
        self._taken.add(self._pairs[original])
        return self._pairs[original]


class Numbered:
    """Names by others with a number: node-1, node-2. `reserved` finds what must not come back in them."""

    def __init__(self, forms: Iterable[str], reserved: re.Pattern[str]) -> None:
        self._names: dict[str, str] = {}
        every = (form.format(number) for form in forms for number in range(1, 10_000))
        self._free = (name for name in every if not reserved.search(name))

    def of(self, name: str) -> str:
        """The other name for this one."""
        if name not in self._names:
            self._names[name] = next(self._free)
        return self._names[name]


def ipv6(text: str) -> str:
    """An IPv6 address in its shortest form; "" for what is none, or is only this machine itself."""
    try:
        found = ipaddress.IPv6Address(text)
    except ValueError:
        return ""
    return "" if found.is_loopback or found.is_unspecified else found.compressed


def words(names: Iterable[str]) -> re.Pattern[str]:
    """A pattern for these names where they are whole words, the longest first; it finds nothing when there are none."""
    longest = sorted(map(re.escape, names), key=len, reverse=True)
    return re.compile(rf"(?<![A-Za-z0-9])(?:{'|'.join(longest)})(?![A-Za-z0-9])" if longest else r"(?!)", re.IGNORECASE)
