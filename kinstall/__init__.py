"""kinstall: from bare machines to a monitored Kubernetes cluster, in one terminal."""

__version__ = "0.1.0"
