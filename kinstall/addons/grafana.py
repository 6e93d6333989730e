"""Grafana: dashboards over Prometheus. Its administrator's password is given, or made here and shown once."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from collections.abc import Sequence
from shlex import quote
from typing import Final

from kinstall.addons.base import MONITORING, Addon, Proof, Scene, node_port
from kinstall.addons.dashboards import dashboards, queries
from kinstall.addons.model import Addons, Grafana
from kinstall.addons.volumes import set_node, set_volume
from kinstall.cluster.waits import until
from kinstall.cluster.web import Answer, Web
from kinstall.manifests import Object, config_maps, find
from kinstall.secrets import Secret
from kinstall.steps.base import ADMIN_CONF

NAME: Final = "grafana"
SECRET: Final = "grafana-admin"  # noqa: S105  # the name of the object
PROXY: Final = "/api/datasources/proxy/uid/prometheus/api/v1/query"
CONFIG_HASH: Final = "kinstall/configuration"   # an annotation: Grafana reads its data sources when it starts
BYTES: Final = 15       # of a password that is made: 20 characters
SHOWN: Final = 3
MOST: Final = 200       # characters of what its command line says
REFUSED: Final = 401
ANSWERS: Final = 30.0   # seconds for its node port to lead to it
OLD_ONE: Final = (
    "Grafana keeps the password of its first start; a new one: "
    "kubectl -n monitoring exec deploy/grafana -- grafana cli admin reset-admin-password NEW"
)
RESET: Final = (
    f"kubectl --kubeconfig {ADMIN_CONF} -n {MONITORING} exec -i deploy/{NAME} -- "
    "grafana cli admin reset-admin-password --password-from-stdin 2>&1"
)


def _values(objects: list[Object], addons: Addons) -> None:
    wanted = _wanted(addons)
    set_volume(objects, wanted.volume)
    node_port(objects, NAME, wanted.node_port)
    deployment = find(objects, "Deployment", NAME)
    set_node(deployment, wanted.volume.node)
    read_at_start = json.dumps([list(config_maps(objects, name)) for name in ("grafana-datasources", "grafana-provider")])
    annotations = deployment["spec"]["template"]["metadata"].setdefault("annotations", {})
    annotations[CONFIG_HASH] = hashlib.sha256(read_at_start.encode()).hexdigest()[:16]


def _wanted(addons: Addons) -> Grafana:
    assert addons.grafana is not None  # noqa: S101  # it is chosen
    return addons.grafana


async def _settle(scene: Scene, objects: list[Object]) -> None:
    """The password: the one given, else the one that is in the cluster, else a new one."""
    wanted, known = _wanted(scene.addons), await account(scene)
    item = find(objects, "Secret", SECRET)
    password = wanted.password
    if password is None and known is not None:
        objects.remove(item)    # what is there stays, whoever made it
        return
    if password is None:
        password = Secret(secrets.token_urlsafe(BYTES))
        scene.shown.append((f"Grafana's password for {wanted.user}", password))
    scene.runner.hub.redactor.add(password)
    if known is not None and known[1] != password:
        await _change(scene, known, password)
    item.pop("stringData", None)
    item["data"] = {key: base64.b64encode(text.encode()).decode()
                    for key, text in (("admin-user", wanted.user), ("admin-password", password.reveal()))}


async def account(scene: Scene) -> tuple[str, Secret] | None:
    """The administrator and the password that lie in the cluster."""
    item = await scene.api.get("Secret", SECRET, MONITORING)
    data = (item or {}).get("data") or {}
    if "admin-user" not in data or "admin-password" not in data:
        return None
    user, password = (base64.b64decode(data[key]).decode() for key in ("admin-user", "admin-password"))
    secret = Secret(password)
    scene.runner.hub.redactor.add(secret)
    return user, secret


async def _change(scene: Scene, known: tuple[str, Secret], password: Secret) -> None:
    """Grafana keeps the password of its first start in its own database: it has to be told of a new one."""
    wanted = _wanted(scene.addons)
    body = {"oldPassword": known[1].reveal(), "newPassword": password.reveal(), "confirmNew": password.reveal()}
    async with scene.web(wanted.volume.node, wanted.node_port, known) as site:
        answer = await site.send("PUT", "/api/user/password", body=body)
    refused = f"Grafana did not take the new password: {answer.status or answer.text}"
    scene.tell(["the password was changed in Grafana" if answer.ok else refused])


async def _adjust(scene: Scene) -> None:
    """Over an old directory Grafana opens its old database, with the password of that time: it gets the one that was given, or made now.

    One that is neither may have been changed by a person on Grafana's page: that one stays, and the proof tells of it.
    """
    wanted, known = _wanted(scene.addons), await account(scene)
    if known is None or known[1] not in (wanted.password, *(secret for _, secret in scene.shown)):
        return

    async def login() -> Answer:
        async with scene.web(wanted.volume.node, wanted.node_port, known) as site:
            return await site.get("/api/user")

    answer = await until(login, lambda answer: answer.status > 0, deadline=ANSWERS)
    if answer.status == REFUSED:    # printf is the shell's own: no process has the password among its arguments
        result = await scene.runner.script(f"printf '%s\\n' {quote(known[1].reveal())} | {RESET}")
        kept = f"it kept its old password: {result.out.strip()[-MOST:]}" if result.exit_status else ""
        scene.tell([kept or "the old password of its database was replaced"])


async def prove(scene: Scene) -> Sequence[Proof]:
    """It is healthy, the password opens it, it reaches Prometheus, and every query of every dashboard finds data."""
    wanted, known = _wanted(scene.addons), await account(scene)
    if known is None:
        return [Proof("login", f"there is no secret {MONITORING}/{SECRET}", False)]
    async with scene.web(wanted.volume.node, wanted.node_port) as site:
        health = await site.get("/api/health")
    state = str(health.data().get("database", health.status or health.text))
    proofs = [Proof("health", f"database {state}", health.ok and state == "ok")]
    if not health.ok:
        return proofs
    async with scene.web(wanted.volume.node, wanted.node_port, known) as site:
        return [*proofs, *await _inside(site, known[0])]


async def _inside(site: Web, user: str) -> list[Proof]:
    login = await site.get("/api/user")
    if not login.ok:
        return [Proof("login", f"{user} is refused ({login.status or login.text}). {OLD_ONE}", False)]
    source = await site.get("/api/datasources/uid/prometheus/health")
    status = source.data()
    found = {entry.get("uid") for entry in (await site.get("/api/search", type="dash-db")).data() or [] if isinstance(entry, dict)}
    boards = [board["uid"] for board in dashboards()]
    there = [uid for uid in boards if uid in found]
    return [
        Proof("login", f"as {user}", True),
        Proof("data source", str(status.get("message") or source.status), source.ok and status.get("status") == "OK"),
        Proof("dashboards", f"{len(there)}/{len(boards)} provisioned", len(there) == len(boards)),
        await _data(site),
    ]


async def _data(site: Web) -> Proof:
    empty, total = [], 0
    for query in queries():
        total += 1
        answer = (await site.get(PROXY, query=query.expression)).data()
        if not answer.get("data", {}).get("result"):
            empty.append(f"{query.dashboard}, {query.panel}")
    figure = f"{total - len(empty)}/{total} queries return data" + (f"; not {'; '.join(empty[:SHOWN])}" if empty else "")
    return Proof("dashboards' queries", figure, total > 0 and not empty)


GRAFANA = Addon(
    id=NAME, title="Show dashboards over Prometheus", chosen=lambda addons: addons.grafana is not None,
    values=_values, settle=_settle, adjust=_adjust, prove=prove, versioned=(NAME,), needs=("prometheus",),
)
