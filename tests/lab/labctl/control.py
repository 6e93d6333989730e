"""The control side: a command of this machine with the laboratory's network, resolver and CA; and ssh into a host."""

import os
import subprocess

from . import network
from .machines import machine
from .paths import GATEWAY, KEY, LAB
from .process import Arg, Done, LabError, in_lab

SIDE = LAB / "control"
TRUST = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "PIP_CERT", "NODE_EXTRA_CA_CERTS")
PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")
ENTER = 'side=$1; shift; for x in resolv.conf hosts; do mount --bind "$side/$x" "/etc/$x" || exit; done; exec "$@"'
SSH_OPTIONS = ("IdentitiesOnly=yes", "StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "LogLevel=ERROR", "ConnectTimeout=10")


def command(*cmd: Arg) -> list[str]:
    """The command line that runs cmd on the control side."""
    if not network.is_up():
        raise LabError("the lab is not up (lab up)")
    SIDE.mkdir(exist_ok=True)
    (SIDE / "resolv.conf").write_text(f"nameserver {GATEWAY}\n")
    (SIDE / "hosts").write_text("127.0.0.1 localhost\n::1 localhost\n")
    return in_lab("unshare", "-m", "--propagation", "private", "sh", "-c", ENTER, "lab run", SIDE, *cmd)


def environment() -> dict[str, str]:
    """This environment, trusting the laboratory's CA and knowing no proxy of the machine's."""
    kept = {key: value for key, value in os.environ.items() if key.lower() not in PROXIES}
    return kept | dict.fromkeys(TRUST, str(LAB / "ca/bundle.crt"))


def ssh_command(name: str, *cmd: Arg) -> list[str]:
    """The command line that runs cmd on the host as keyuser, by key."""
    if not network.is_up():
        raise LabError("the lab is not up (lab up)")
    options = [part for option in SSH_OPTIONS for part in ("-o", option)]
    return in_lab("ssh", "-i", KEY, *options, f"keyuser@{machine(name).ip}", *cmd)


def script(name: str, text: str, *shell: str) -> Done:
    """Runs a script on the host, from its standard input."""
    return subprocess.run(ssh_command(name, *shell), input=text, capture_output=True, text=True)
