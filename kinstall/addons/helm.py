"""helm on the control plane. A step of the host installs it; here it is proved."""

from __future__ import annotations

from collections.abc import Sequence

from kinstall.addons.base import Addon, Proof, Scene

ASK = "helm version --template '{{.Version}}' && echo && helm search repo -o yaml 2>/dev/null | grep -c '^ *name:\\|^- .*name:'"


async def prove(scene: Scene) -> Sequence[Proof]:
    """It has the version that was chosen, and finds charts in a repository."""
    wanted = scene.addons.helm.version if scene.addons.helm else ""
    lines = (await scene.runner.script(ASK)).out.split() or ["not installed"]
    charts = int(lines[1]) if len(lines) > 1 and lines[1].isdigit() else 0
    return [Proof("helm", lines[0], lines[0].removeprefix("v") == wanted), Proof("charts to install", f"{charts} charts", charts > 0)]


HELM = Addon(
    id="helm", title="Install helm", chosen=lambda addons: addons.helm is not None, prove=prove, manifests=False,
)
