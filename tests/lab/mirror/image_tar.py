"""An image's own files as a tar: dated 1970, parents first."""

import io
import tarfile
from pathlib import Path

from .image_table import GRAFANA_USER, Image

NET_BIND = "\x01\0\0\x02\0\4" + "\0" * 14  # security.capability, version 2, effective: CAP_NET_BIND_SERVICE
MERGED = ("bin", "sbin", "lib")  # links in the Debian layer, which a folder of the same name would hide


def tar_of(image: Image) -> bytes:
    """The uncompressed layer."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
        tree = _Tree(image, tar)
        for name, uid in image.dirs.items():
            tree.folder(name, uid)
        for name, what in image.files.items():
            tree.file(name, what)
    return out.getvalue()


class _Tree:
    def __init__(self, image: Image, tar: tarfile.TarFile) -> None:
        self.image, self.tar, self.seen = image, tar, {"."}

    def folder(self, name: str, uid: int = 0) -> None:
        entry = _entry(name, tarfile.DIRTYPE, 0o1777 if name == "tmp" else 0o755)
        entry.uid, entry.gid = uid, 0 if uid == GRAFANA_USER else uid
        self._add(entry)

    def file(self, name: str, what: Path | str) -> None:
        if isinstance(what, Path):
            self._add(_entry(name, tarfile.REGTYPE, 0o755), what.read_bytes())
        elif what.startswith("-> "):
            entry = _entry(name, tarfile.SYMTYPE, 0o777)
            entry.linkname = what.removeprefix("-> ")
            self._add(entry)
        else:
            self._add(_entry(name, tarfile.REGTYPE, 0o755 if what.startswith("#!") else 0o644), what.encode())

    def _add(self, entry: tarfile.TarInfo, data: bytes = b"") -> None:
        for parent in map(str, reversed(Path(entry.name).parents)):
            if parent not in self.seen and not (self.image.base and parent in MERGED):
                self.folder(parent)
        if entry.name in self.seen:
            return
        self.seen.add(entry.name)
        entry.size = len(data)
        if entry.name == self.image.bind:
            entry.pax_headers = {"SCHILY.xattr.security.capability": NET_BIND}
        self.tar.addfile(entry, io.BytesIO(data))


def _entry(name: str, kind: bytes, mode: int) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.type, entry.mode = kind, mode
    return entry
