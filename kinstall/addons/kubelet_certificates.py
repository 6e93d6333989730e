"""Kubelets ask for serving certificates; who approves them must look first. kubeadm leaves that to the admin.

A kubelet asks anew at each start, and kubeadm starts that of a control plane twice: a request whose answer nobody will fetch stays behind,
for an hour. So requests say nothing about who has a certificate; that is seen by asking the kubelet for it.
"""

from __future__ import annotations

import asyncio
import base64
import ssl
from collections.abc import Mapping, Sequence
from ipaddress import ip_address
from typing import Any, Final

from kinstall.addons.base import Member, Scene
from kinstall.errors import ClusterError, ConnectionLost
from kinstall.manifests import Object
from kinstall.together import done

SIGNER: Final = "kubernetes.io/kubelet-serving"
VERSION: Final = "certificates.k8s.io/v1"
USAGES: Final = frozenset({"digital signature", "key encipherment", "server auth"})
PREFIX: Final = "system:node:"
SECONDS: Final = 90.0
EVERY: Final = 2.0
PORT: Final = 10250
HANDSHAKE: Final = 10.0  # seconds


async def approve(scene: Scene) -> None:
    """Approve what the kubelets of known nodes ask for, until each serves with a certificate. Raises ClusterError when one does not."""
    clock = asyncio.get_running_loop().time
    end, refused = clock() + SECONDS, dict[str, str]()
    while True:
        requests = await scene.api.list("CertificateSigningRequest", version=VERSION, fields=f"spec.signerName={SIGNER}")
        for request in requests:
            if not request.get("status", {}).get("conditions"):
                await _decide(scene, request, refused)
        serving = await done(serves(scene, member) for member in scene.nodes)
        without = [member.name for member, good in zip(scene.nodes, serving, strict=True) if not good]
        if not without:
            return
        if clock() > end:
            hint = "kubectl get csr lists the requests; journalctl -u kubelet on that node tells why it asks for none."
            why = "".join(f"; request {name} was not approved: {wrong}" for name, wrong in refused.items())
            raise ClusterError(f"no serving certificate for the kubelet of {', '.join(without)} after {SECONDS:.0f} s{why}", hint=hint)
        await asyncio.sleep(EVERY)


async def serves(scene: Scene, member: Member) -> bool:
    """Does its kubelet show a certificate that the cluster's CA has signed for the node's address?"""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=scene.api.ca)
    try:
        async with scene.runner.transport.reach(member.address, PORT) as (host, port), asyncio.timeout(HANDSHAKE):
            _, writer = await asyncio.open_connection(host, port, ssl=context, server_hostname=member.address)
            writer.close()
    except ConnectionLost:
        await scene.runner.reconnected()
        return False
    except (OSError, TimeoutError):     # ssl.SSLError is an OSError
        return False
    return True


async def _decide(scene: Scene, request: Object, refused: dict[str, str]) -> None:
    name = request["metadata"]["name"]
    wrong = objection(request["spec"], scene.nodes)
    if wrong:
        if name not in refused:
            scene.tell([f"request {name} is not approved: {wrong}"])
        refused[name] = wrong
        return
    condition = {"type": "Approved", "status": "True", "reason": "Kinstall", "message": "node name and addresses are the cluster's own"}
    body = {**request, "status": {**request.get("status", {}), "conditions": [condition]}}
    await scene.api.send("put", f"/apis/{VERSION}/certificatesigningrequests/{name}/approval", body)
    scene.tell([f"approved the serving certificate of {request['spec']['username'].removeprefix(PREFIX)}"])


def objection(spec: Mapping[str, Any], nodes: Sequence[Member]) -> str:
    """Why this request must not be approved; nothing when it is what a kubelet of one of these nodes may ask for. Pure."""
    from cryptography import x509

    member = next((one for one in nodes if spec.get("username") == f"{PREFIX}{one.name}"), None)
    if member is None:
        return f"{spec.get('username')} is no node of this cluster"
    if "system:nodes" not in spec.get("groups", ()):
        return "who asks is not in the group system:nodes"
    if not set(spec.get("usages", ())) <= USAGES:
        return f"it asks for more than serving: {', '.join(sorted(set(spec['usages']) - USAGES))}"
    try:
        request = x509.load_pem_x509_csr(base64.b64decode(spec["request"]))
    except (KeyError, ValueError):
        return "it holds no certificate request"
    return _subject(request, member) or _names(request, member)


def _subject(request: Any, member: Member) -> str:  # noqa: ANN401  # imported late, so not at hand as a type
    from cryptography.x509.oid import NameOID

    values = {kind: [str(one.value) for one in request.subject.get_attributes_for_oid(kind)] for kind in
              (NameOID.COMMON_NAME, NameOID.ORGANIZATION_NAME)}
    wanted = {NameOID.COMMON_NAME: [f"{PREFIX}{member.name}"], NameOID.ORGANIZATION_NAME: ["system:nodes"]}
    return "" if values == wanted else f"its subject is not that of {member.name}: {request.subject.rfc4514_string()}"


def _names(request: Any, member: Member) -> str:  # noqa: ANN401
    from cryptography import x509

    try:
        names = request.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return "it names no host"
    strangers = {str(name) for name in names.get_values_for_type(x509.DNSName)} - {member.name}
    strangers |= {str(one) for one in names.get_values_for_type(x509.IPAddress)} - {str(ip_address(member.address))}
    rest = len(list(names)) - len(names.get_values_for_type(x509.DNSName)) - len(names.get_values_for_type(x509.IPAddress))
    if rest:
        return "it names something that is neither a host nor an address"
    return f"it names what is not {member.name}: {', '.join(sorted(strangers))}" if strangers else ""
