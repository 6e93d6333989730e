"""The answers: what the user decided. From YAML with every mistake at once, to hosts with their secrets, and back to YAML."""

from kinstall.answers.addons import AddonsEntry
from kinstall.answers.asking import complaint
from kinstall.answers.marks import Loc
from kinstall.answers.model import AccessEntry, Answers, Cluster, HostEntry, Network
from kinstall.answers.reading import check, load, made, parse
from kinstall.answers.resolving import Resolved, asked, questions, resolve, resolve_all
from kinstall.answers.sections import SecretRef
from kinstall.answers.sources import DockerSource, KubernetesSource, ManifestSource, Sources
from kinstall.answers.writing import dump

__all__ = [
    "AccessEntry", "AddonsEntry", "Answers", "Cluster", "DockerSource", "HostEntry", "KubernetesSource", "Loc", "ManifestSource", "Network",
    "Resolved", "SecretRef", "Sources", "asked", "check", "complaint", "dump", "load", "made", "parse", "questions", "resolve",
    "resolve_all",
]
