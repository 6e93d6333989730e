"""The add-ons, in the order in which they are applied. A new one is a folder of manifests, a file beside this one, and a row."""

from __future__ import annotations

from typing import Final

from kinstall.addons.base import Addon
from kinstall.addons.exporters import KUBE_STATE_METRICS, NODE_EXPORTER
from kinstall.addons.grafana import GRAFANA
from kinstall.addons.helm import HELM
from kinstall.addons.metrics_server import METRICS_SERVER
from kinstall.addons.model import Addons
from kinstall.addons.prometheus import PROMETHEUS
from kinstall.addons.storage import LOCAL_PATH, STORAGE
from kinstall.addons.volumes import VOLUMES

ADDONS: Final[tuple[Addon, ...]] = (
    HELM, METRICS_SERVER, KUBE_STATE_METRICS, NODE_EXPORTER, PROMETHEUS, GRAFANA, LOCAL_PATH, VOLUMES, STORAGE,
)
PHASE: Final = "addons"     # as the key in the answers


def chosen(addons: Addons) -> tuple[Addon, ...]:
    """Those that were chosen."""
    return tuple(addon for addon in ADDONS if addon.chosen(addons))


def applied(addons: Addons) -> tuple[Addon, ...]:
    """Those that are applied, or proved, through the API server: the steps after those of the hosts. helm is a host's."""
    return tuple(addon for addon in chosen(addons) if addon is not HELM)
