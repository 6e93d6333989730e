"""The control plane: kubeadm init, and a kubeconfig for the ordinary account."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from shlex import quote

from kinstall.model import Cluster, Node, Ticket
from kinstall.secrets import Secret
from kinstall.states import Command, File, State
from kinstall.steps.base import ADMIN_CONF
from kinstall.steps.kubeadm import PATCHES, ControlPlane, init_config, kubelet_patch

TICKET_LIFE = "30m"
# prints the token and the CA: the control side computes the hash, for not every host has openssl
TICKET = (
    f"KUBECONFIG={ADMIN_CONF} kubeadm token create --ttl {TICKET_LIFE} --description 'workers join (kinstall)'\n"
    "cat /etc/kubernetes/pki/ca.crt"
)


def patches(node: Node, cluster: Cluster) -> Sequence[State]:
    """This node's own kubelet settings, which kubeadm merges into the cluster's."""
    return [File(f"{PATCHES}/kubeletconfiguration0+merge.yaml", kubelet_patch(node, cluster))]


def init(node: Node, cluster: Cluster) -> Sequence[State]:
    """The control plane itself."""
    return [ControlPlane(init_config(node, cluster))]


def ticket(out: str) -> Ticket:
    """The join ticket out of what TICKET printed. Raises ValueError when there is no token or no certificate in it."""
    token, _, pem = out.strip().partition("\n")
    return Ticket(Secret(token.strip()), ca_hash(pem))


def ca_hash(pem: str) -> str:
    """kubeadm's pin of a CA: the SHA256 of its public key (RFC 7469's SPKI), as `sha256:hex`."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
    from cryptography.x509 import load_pem_x509_certificate

    key = load_pem_x509_certificate(pem.encode()).public_key()
    return f"sha256:{sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()}"


@dataclass(frozen=True)
class Kubeconfig(State):
    """The account's ~/.kube/config reaches this cluster. Other clusters in it are kept, and the file as it was is kept beside it.

    kubeadm calls its user kubernetes-admin in every cluster; here it is CLUSTER-admin, so that two clusters fit into one file.
    """

    account: str
    cluster: str

    @property
    def about(self) -> str:
        return f"~{self.account}/.kube/config"

    def _home(self) -> str:
        return f"home=$(getent passwd {quote(self.account)} | cut -d: -f6); path=$home/.kube/config"

    def probe(self) -> str:
        return (
            f"{self._home()}; [ -e {ADMIN_CONF} ] && grep -qF \"$(grep -o 'certificate-authority-data: .*' {ADMIN_CONF})\" \"$path\" && "
            f"grep -qF \"$(grep -o 'client-certificate-data: .*' {ADMIN_CONF})\" \"$path\" && stat -c '%a %U' \"$path\""
        )

    def met(self, seen: str) -> bool:
        return seen.split() == ["600", self.account]

    def commands(self, seen: str) -> tuple[Command, ...]:
        account = quote(self.account)
        shell = (
            f"{self._home()}\n[ -n \"$home\" ] || {{ echo kinstall: there is no account {account} here; exit 1; }}\n"
            f'install -d -m 700 -o {account} -g "$(id -gn {account})" "$home/.kube"\n'
            f"umask 077; sed 's/kubernetes-admin/{self.cluster}-admin/g' {ADMIN_CONF} > \"$path.kinstall-new\"\n"
            'if [ -s "$path" ]; then [ -e "$path.before-kinstall" ] || cp -p "$path" "$path.before-kinstall"\n'
            '  KUBECONFIG=$path.kinstall-new:$path kubectl config view --flatten > "$path.kinstall-merged"\n'
            '  mv -f "$path.kinstall-merged" "$path.kinstall-new"; fi\n'
            f'chmod 600 "$path.kinstall-new"; chown {account}: "$path.kinstall-new"; mv -f "$path.kinstall-new" "$path"'
        )
        return (Command(shell, says=f"merge {ADMIN_CONF} into {self.about} (0600)"),)


def kubeconfig(node: Node, cluster: Cluster) -> Sequence[State]:
    """kubectl works for root, and for the ordinary account."""
    return [Kubeconfig(account, cluster.name) for account in accounts(node, cluster)]


def accounts(node: Node, cluster: Cluster) -> list[str]:
    """Who works with the cluster on its control plane: root, whom kinstall logs in as, and whom the answers name."""
    return [name for name in dict.fromkeys(("root", node.facts.account, cluster.account)) if name]
