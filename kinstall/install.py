"""The whole installation on one page: what must hold, in order. Plan, diff, re-run, resume and proof all follow from this list."""

from __future__ import annotations

from typing import Final

from kinstall.steps import certificates, control_plane, helm, host, network, packages, proof, runtime, volumes, workers
from kinstall.steps.base import Step, on_control_planes, on_rhel, on_workers

INSTALL: Final[tuple[Step, ...]] = (
    Step("account", "prepare", "Let the ordinary account use sudo", host.account),
    Step("hostname", "prepare", "Name the machine after its node", host.hostname),
    Step("names", "prepare", "Let the nodes know each other by name", host.names),
    Step("swap", "prepare", "Turn swap off, now and at boot", host.swap),
    Step("selinux", "prepare", "Make SELinux permissive", host.selinux, on=on_rhel),
    Step("firewall", "prepare", "Open the ports that the node's role needs", host.firewall),
    Step("unmanaged", "prepare", "Keep NetworkManager off the pod network", host.unmanaged),
    Step("vault", "prepare", "Move dead CentOS repositories to the vault", host.vault, on=on_rhel),
    Step("tools", "prepare", "Install the tools that kubeadm calls", host.tools),
    Step("modules", "prepare", "Load the kernel modules, now and at boot", host.modules),
    Step("sysctls", "prepare", "Let the kernel forward pod traffic", host.sysctls),
    Step("directories", "prepare", "Make the directories of the volumes", volumes.directories),
    Step("docker-repository", "runtime", "Add Docker's repository", runtime.repository),
    Step("containerd", "runtime", "Install containerd", runtime.containerd),
    Step("runtime", "runtime", "Configure containerd and start it", runtime.configured),
    Step("kubernetes-repository", "packages", "Add the Kubernetes repository", packages.repository),
    Step("kubernetes", "packages", "Install kubeadm, kubelet and kubectl", packages.kubernetes),
    Step("images", "packages", "Pull the images", packages.images),
    Step("patches", "control", "Write this node's kubelet settings", control_plane.patches),
    Step("init", "control", "Start the control plane", control_plane.init, on=on_control_planes),
    Step("kubeconfig", "control", "Give kubectl its configuration", control_plane.kubeconfig, on=on_control_planes),
    Step("join", "join", "Join the cluster", workers.join, on=on_workers, needs=("init",), asks_ticket=True),
    Step("certificates", "join", "Let kubelets ask for serving certificates", certificates.certificates),
    Step("network", "network", "Apply the pod network", network.network, on=on_control_planes),
    Step("ready", "network", "Wait until the node is Ready", proof.ready, needs=("network",)),
    Step("dns", "network", "Ask CoreDNS from this node", proof.dns, needs=("network",)),
    Step("helm", "addons", "Install helm", helm.helm, on=on_control_planes),
)


def dependents(step_id: str) -> tuple[str, ...]:
    """The steps that wait for this one, directly or by way of another; what only comes later on the same host is not among them."""
    found: list[str] = []
    for step in INSTALL:
        if step_id in step.needs or set(step.needs).intersection(found):
            found.append(step.id)
    return tuple(found)
