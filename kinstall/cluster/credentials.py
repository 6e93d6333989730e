"""admin.conf as a client needs it. The key is on this machine's disk only for the moment in which the TLS library reads it."""

from __future__ import annotations

import base64
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import yaml

from kinstall.secrets import Secret


@dataclass(frozen=True, slots=True)
class Credentials:
    """Where the API server is, its CA, and a client certificate with its key, all PEM."""

    host: str
    port: int
    ca: str
    certificate: str
    key: Secret

    @contextmanager
    def files(self) -> Iterator[tuple[str, str]]:
        """The certificate and the key as files in a folder of mode 0700, gone afterwards: OpenSSL reads them from nowhere else."""
        with tempfile.TemporaryDirectory(prefix="kinstall-") as folder:
            paths = Path(folder, "certificate"), Path(folder, "key")
            for path, text in zip(paths, (self.certificate, self.key.reveal()), strict=True):
                path.touch(mode=0o600)
                path.write_text(text, encoding="ascii")
            yield str(paths[0]), str(paths[1])


def credentials(admin_conf: str) -> Credentials:
    """The credentials in a kubeconfig that kubeadm wrote. Raises ValueError when there are none in it."""
    try:
        config = yaml.safe_load(admin_conf)
        cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
        ca, certificate, key = (
            base64.b64decode(data).decode("ascii")
            for data in (cluster["certificate-authority-data"], user["client-certificate-data"], user["client-key-data"])
        )
        server = urlsplit(cluster["server"])
    except (yaml.YAMLError, LookupError, TypeError, ValueError) as error:
        raise ValueError(f"no kubeconfig of kubeadm: {type(error).__name__}") from None  # its text may hold a key
    return Credentials(server.hostname or "", server.port or 443, ca, certificate, Secret(key))
