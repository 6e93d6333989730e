"""Proof that it works: the node is Ready, and CoreDNS answers it through the cluster's network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kinstall.model import Cluster, Node
from kinstall.states import Check, Command, State
from kinstall.steps.base import ADMIN_CONF, KUBELET_CONF, kubectl

DEADLINE = 300  # seconds
EVERY = 2


def waiting(check: str, meanwhile: str, failed: str, says: str) -> Command:
    """Shell that tries `check` until it succeeds, prints what `meanwhile` says as it changes, and fails at the deadline."""
    return Command(
        f"last=''; end=$(($(date +%s) + {DEADLINE}))\n"
        f"while ! ( {check} ); do\n"
        f"  now=$({meanwhile}) || true; [ \"$now\" = \"$last\" ] || printf '%s\\n' \"$now\"; last=$now\n"
        f"  [ \"$(date +%s)\" -lt $end ] || {{ echo 'kinstall: {failed} after {DEADLINE} s'; exit 1; }}\n"
        f"  sleep {EVERY}\ndone",
        says=says,
        long=True,
        waits=True,
    )


def ready(node: Node, cluster: Cluster) -> Sequence[State]:
    """The node is Ready, asked with the kubelet's own credentials."""
    config = ADMIN_CONF if node.is_control_plane else KUBELET_CONF
    ask = kubectl(config)
    condition = "{.status.conditions[?(@.type==\"Ready\")].status}"
    check = f"[ \"$({ask} get node {node.name} -o jsonpath='{condition}')\" = True ]"
    columns = "custom-columns=POD:.metadata.name,PHASE:.status.phase,WAITING:.status.containerStatuses[*].state.waiting.reason"
    mine = f"{ask} get pods -A --no-headers --field-selector spec.nodeName={node.name} -o '{columns}'"
    meanwhile = f"{mine} 2>&1 | grep -v ' Running  *<none>'"
    wait = waiting(check, meanwhile, f"{node.name} is not Ready", says=f"wait until {node.name} is Ready")
    return [Check(f"node {node.name} Ready", f"{check} && echo yes", (wait,))]


NAME = "kubernetes.default.svc.cluster.local"
QUESTION_ID = 0x6B69


def query(name: str = NAME) -> bytes:
    """A DNS question for the A record of `name`, without TCP's length before it."""
    import dns.message

    return dns.message.make_query(name, "A", id=QUESTION_ID).to_wire()


def answers(hexadecimal: str) -> list[str]:
    """The addresses in a DNS answer given as hex bytes: ["10.96.0.1"]; none when it is no such answer."""
    import dns.exception
    import dns.message

    try:
        reply = dns.message.from_wire(bytes.fromhex("".join(hexadecimal.split())))
    except (dns.exception.DNSException, ValueError):
        return []
    return [record.to_text() for rrset in reply.answer for record in rrset]


@dataclass(frozen=True)
class Resolves(State):
    """This host gets an answer from CoreDNS at its service address: kube-proxy, pod network and CoreDNS work from here."""

    server: str
    address: str

    @property
    def about(self) -> str:
        return "CoreDNS"

    def _ask(self) -> str:
        """Shell that prints the answer as hex bytes: bash speaks TCP, and every distribution has it; not every one has dig."""
        wire = query()
        octal = "".join(f"\\\\{byte:03o}" for byte in len(wire).to_bytes(2, "big") + wire)
        inner = (
            f"exec 3<>/dev/tcp/{self.server}/53; printf \"{octal}\" >&3; "
            "set -- $(head -c 2 <&3 | od -An -tu1); head -c $(($1 * 256 + $2)) <&3 | od -An -tx1"
        )
        return f"timeout 5 bash -c '{inner}'"

    def probe(self) -> str:
        return f"[ -e {KUBELET_CONF} ] && {self._ask()}"

    def met(self, seen: str) -> bool:
        return self.address in answers(seen)

    def commands(self, seen: str) -> tuple[Command, ...]:
        wanted = "".join(f"{int(part):02x}" for part in self.address.split("."))  # an answer without it (SERVFAIL) is none
        check = f"{self._ask()} 2>/dev/null | tr -d ' \\n' | grep -q {wanted}"
        meanwhile = f"echo 'no answer from CoreDNS at {self.server} yet'"
        says = f"ask {self.server} for {NAME} until it answers"
        return (waiting(check, meanwhile, f"CoreDNS at {self.server} gives no answer", says),)


def dns(node: Node, cluster: Cluster) -> Sequence[State]:
    """CoreDNS answers this node with the API server's service address."""
    return [Resolves(str(cluster.network.dns_service), str(cluster.network.api_service))]
