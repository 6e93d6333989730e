"""The `lab` command line: a table of commands, each with its arguments and the function that does it."""

import argparse
import json
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import asdict

from . import answers, build, commands, control, doctor, mirror_control, power
from .leftovers import leftovers
from .machines import chosen
from .paths import DEFAULT, LAB
from .process import LabError

Run = Callable[[argparse.Namespace], int | None]
ABOUT = "Real hosts, a mirror of the internet, and nothing else, on this machine: see README.md."
NEED_NO_ROOT = ("doctor", "hosts", "status")


def main(argv: list[str]) -> int:
    """Runs one command; its exit code."""
    options = parser().parse_args(argv)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that a build takes its compilers with it
    try:
        if os.geteuid() and options.command not in NEED_NO_ROOT:
            raise LabError(f"`lab {options.command}` needs root (sudo tests/lab/lab {options.command} ...)")
        run: Run = options.run
        return run(options) or 0
    except LabError as error:
        print(f"lab: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def parser() -> argparse.ArgumentParser:
    """All commands and their arguments."""
    top = argparse.ArgumentParser(prog="lab", description=ABOUT)
    sub = top.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def add(name: str, run: Run, about: str) -> argparse.ArgumentParser:
        one = sub.add_parser(name, help=about, description=about)
        one.set_defaults(run=run)
        return one

    _add_whole(add)
    _add_hosts(add)
    _add_inside(add)
    _add_mirror(add("mirror", lambda o: None, "faults of the mirror: fail, slow, clear, log"))
    return top


Add = Callable[[str, Run, str], argparse.ArgumentParser]


def _add_whole(add: Add) -> None:
    add("doctor", _doctor, "what is missing on this machine for the lab")
    make = add("build", _build, "programs, root filesystems, packages and images; skips what exists")
    make.add_argument("--with", dest="groups", action="append", default=[], choices=["1.36"], help="also Kubernetes 1.36 (more minutes)")
    up = add("up", _up, "mirror and hosts (default: cp1=debian12 w1=centos8 w2=debian13)")
    up.add_argument("host", nargs="*", metavar="NAME=DISTRO")
    up.add_argument("--many", nargs=2, metavar=("COUNT", "DISTRO"), help="small hosts n1 ... nCOUNT")
    down = add("down", lambda o: commands.down(*o.name), "power off and forget (without names: everything, the mirror too)")
    down.add_argument("name", nargs="*", metavar="NAME")
    add("leftovers", _leftovers, "what `lab down` should have removed and did not; exit code 0 when nothing")
    add("hosts", _hosts, "the hosts as JSON: name, ip, distro, user, host_key, up")
    add("status", _status, "the hosts as a table").add_argument("name", nargs="*", metavar="NAME")
    write = add("answers", _answers, "print an answers.yaml for the hosts that are up")
    write.add_argument("--account", default="systemv", choices=["systemv", "keyuser"])
    write.add_argument("--network", default="flannel", choices=["flannel", "calico"])
    write.add_argument("--addons", choices=["all", "none"], help="(default: not said, which means all)")


def _add_hosts(add: Add) -> None:
    several: dict[str, tuple[Callable[..., None], str]] = {
        "reset": (commands.reset, "back to fresh machines, all at once"),
        "kill": (commands.kill, "pull the plug"),
        "start": (commands.start, "boot again with the disk as it was"),
    }
    for name, (act, about) in several.items():
        add(name, lambda o, act=act: act(*o.name), about).add_argument("name", nargs="+", metavar="NAME")  # type: ignore[misc]
    for name, plug, about in (("cut", commands.cut, "pull the network cable"), ("mend", commands.mend, "plug it in again")):
        add(name, lambda o, plug=plug: plug(o.name), about).add_argument("name", metavar="NAME")  # type: ignore[misc]
    slow = add("slow", lambda o: commands.slow(o.name, o.kbit), "limit the host's line (0: no limit)")
    slow.add_argument("name", metavar="NAME")
    slow.add_argument("kbit", type=int, metavar="KBIT")


def _add_inside(add: Add) -> None:
    shell = add("ssh", _ssh, "as keyuser, by key")
    shell.add_argument("name", metavar="NAME")
    shell.add_argument("cmd", nargs=argparse.REMAINDER, metavar="CMD")
    run = add("run", _run, "CMD on the control side: reaches hosts by IP and by name, trusts the lab's CA")
    run.add_argument("cmd", nargs=argparse.REMAINDER, metavar="CMD")


def _add_mirror(mirror: argparse.ArgumentParser) -> None:
    sub = mirror.add_subparsers(dest="verb", required=True, metavar="VERB")
    fail = sub.add_parser("fail", help="answer what matches REGEX (on host/path) with CODE, N times")
    fail.add_argument("regex", metavar="REGEX")
    fail.add_argument("code", metavar="CODE", help="a status, drop or hang")
    fail.add_argument("times", nargs="?", type=int, default=1 << 30, metavar="N")
    fail.set_defaults(run=lambda o: _told(mirror_control.say("fail", regex=o.regex, code=o.code, times=o.times)))
    slow = sub.add_parser("slow", help="limit file downloads (0: no limit)")
    slow.add_argument("kbit", type=int, metavar="KBIT")
    slow.set_defaults(run=lambda o: _told(mirror_control.say("slow", kbit=o.kbit)))
    sub.add_parser("clear", help="well again").set_defaults(run=lambda o: _told(mirror_control.say("clear")))
    sub.add_parser("log", help="the access log, JSON lines").set_defaults(run=lambda o: print(mirror_control.LOG.read_text(), end=""))


def _told(answer: dict[str, object]) -> None:
    print(json.dumps(answer))


def _doctor(options: argparse.Namespace) -> int:
    wrong = doctor.complaints()
    print("\n".join(wrong) or "The lab can be used here.")
    return 1 if wrong else 0


def _build(options: argparse.Namespace) -> None:
    if wrong := doctor.complaints():
        raise LabError(wrong[0])
    build.build(with_older="1.36" in options.groups)


def _up(options: argparse.Namespace) -> None:
    if options.many:
        count, distro = options.many
        if not count.isdigit():
            raise LabError(f"--many wants a number of hosts and a distribution, not {count!r}")
        names = [m.name for m in commands.up({f"n{i}": distro for i in range(1, int(count) + 1)}, minimal=True)]
    else:
        known = {m.name: m.distro for m in chosen(())}
        pairs = (word.partition("=") for word in options.host)
        want = {name: distro or known.get(name, "debian12") for name, _, distro in pairs}
        names = [m.name for m in commands.up(want or DEFAULT)]
    _table(names)


def _leftovers(options: argparse.Namespace) -> int:
    left = leftovers()
    print("\n".join(left) or "nothing left behind")
    return 1 if left else 0


def _hosts(options: argparse.Namespace) -> None:
    known = [asdict(m) | {"user": "systemv", "host_key": m.host_key, "up": power.is_on(m)} for m in chosen(())]
    print(json.dumps(known, indent=1))


def _status(options: argparse.Namespace) -> None:
    _table(options.name)


def _table(names: list[str]) -> None:
    print(f"mirror {'up' if mirror_control.pid() else 'down'}   lab {LAB}")
    for m in chosen(tuple(names)):
        print(f"{m.name:8} {m.ip:14} {m.distro:12} {'up' if power.is_on(m) else 'down'}")


def _answers(options: argparse.Namespace) -> None:
    print(answers.text(account=options.account, network={"plugin": options.network}, addons=options.addons), end="")


def _ssh(options: argparse.Namespace) -> None:
    os.execvp("nsenter", control.ssh_command(options.name, *options.cmd))


def _run(options: argparse.Namespace) -> None:
    if not options.cmd:
        raise LabError("run what? lab run CMD ...")
    os.execvpe("nsenter", control.command(*options.cmd), control.environment())
