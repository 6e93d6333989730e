"""What the Check screen says: in one line of all machines, and in full of one finding. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from rich.text import Text

from kinstall.events import Found
from kinstall.findings import Row, rows
from kinstall.screens.widgets.check_sheet import Sheet
from kinstall.screens.widgets.signs import LEVEL_STYLES, level_sign

NAMED: Final = 4    # so many machines are named


def several(number: int, word: str) -> str:
    """`1 machine`, `2 machines`."""
    return f"{number} {word}{'s' * (number != 1)}"


def named(hosts: Sequence[str]) -> str:
    """`w1, w2 and 3 more`; nothing for what is so of all together."""
    more = f" and {len(hosts) - NAMED} more" if len(hosts) > NAMED else ""
    return ", ".join(filter(None, hosts[:NAMED])) + more


def summary(sheet: Sheet) -> str:
    """The line above the table."""
    if sheet.is_looking:
        return _looking(sheet)
    hosts = len(sheet.progress.hosts)
    if not hosts:
        return "Nothing could be looked at: below is why." if sheet.found else ""
    needing = {one.host for one in sheet.of("blocking", "warning") if one.host}
    if needing:
        first = f"{len(needing)} of {several(hosts, 'machine')} {'needs' if len(needing) == 1 else 'need'} something."
    else:
        first = f"{several(hosts, 'machine')}, and none of them needs anything from you."
    return " ".join([first, *_handled(sheet), *_fine(sheet)])


def _looking(sheet: Sheet) -> str:
    busy = next(((name, host.command) for name, host in sheet.progress.hosts.items() if host.command), None)
    if busy and busy[1]:
        return f"Mending on {busy[0]}: {busy[1].shell}"
    hosts = sheet.progress.hosts
    if not hosts:
        return "Looking at your machines."
    if not sheet.progress.checks:
        connected = sum(host.connected for host in hosts.values())
        return f"Connecting: {connected} of {several(len(hosts), 'machine')}."
    looked = sum(host.looked for host in hosts.values())
    return f"Looking: {looked} of {several(len(hosts), 'machine')} answered. Then, who reaches whom."


def _handled(sheet: Sheet) -> Iterator[str]:
    if sheet.of("handled"):
        yield f"The installation does what is marked {level_sign('handled')} by itself."


def _fine(sheet: Sheet) -> Iterator[str]:
    if sheet.fine:
        rest = "" if sheet.shows_all else " (v shows them)"
        yield f"{several(sheet.fine, 'check')} {'is' if sheet.fine == 1 else 'are'} fine{rest}."


def meaning(found: Iterable[Found], sheet: Sheet) -> Text:
    """Findings in full; what is so on several machines, once."""
    parts = [Text("\n").join(_part(row, sheet)) for row in rows([*found])]
    return Text("\n\n").join(parts)


def silence(host: str, sheet: Sheet) -> str:
    """Why there is nothing in a cell."""
    if sheet.is_beyond(host):
        return f"{host} could not be asked."
    return f"{host} has nothing to say of this." if sheet.has_looked(host) else f"{host} was not asked for this yet."


def _part(row: Row, sheet: Sheet) -> Iterator[Text]:
    one = row.found
    where = f"{one.title} on {named(row.hosts)}: " if any(row.hosts) else f"{one.title}: "
    level = "warning" if sheet.is_allowed(one) and one.level == "blocking" else one.level
    yield Text.assemble((f"{level_sign(level)} ", LEVEL_STYLES[level]), (where, "bold"), one.sentence)
    yield from (Text(f"    {line}", "bold") for command in one.mend for line in command.splitlines())
    yield from (Text(f"  {line}") for line in one.advice.splitlines())
    if keys := ". ".join(_keys(row, sheet)):
        yield Text(f"  {keys}.", "dim")


def _keys(row: Row, sheet: Sheet) -> Iterator[str]:
    one = row.found
    if one.mend and any(row.hosts):
        yield "f runs this as root" + ("" if one.fix and len(row.hosts) == 1 else ", after a question")
    if sheet.is_allowed(one):
        yield f"You overruled it ({one.allow}); o takes that back"
    elif one.allow:
        yield "o overrules it"
    elif one.level == "blocking" and not one.mend:
        yield "This cannot be overruled"


def overruling(found: Found, sheet: Sheet) -> Iterator[str]:
    """What it means to overrule this."""
    alike = [one for one in sheet.of("blocking") if one.allow == found.allow]
    yield from (f"{level_sign('blocking')} {one.host or 'all'}: {one.sentence}" for one in alike)
    yield ""
    yield "kinstall then installs all the same. That may fail halfway, or not work for long."
    whom = named([one.host for one in alike])
    yield f"It holds for every machine{f', now for {whom}' if whom else ''}. Your answers keep it until you press o again:"
    yield f"allow: [{found.allow}]"


def commands(found: Iterable[Found]) -> list[str]:
    """What would be run, each with its machine."""
    return [f"{one.host}: {line}" for one in found for command in one.mend for line in command.splitlines()]
