"""The images of the mirror's registries, as one OCI layout in $LAB/www/registry (image_table.py says what they hold).

Each image is FROM scratch or on one small Debian layer. Unchanged images are kept."""

import gzip
import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from .image_table import BUSYBOX, Image, table
from .image_tar import tar_of
from .settings import HERE, LAB, REGISTRY

OCI = "application/vnd.oci.image"
PATH, DATE = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "2026-09-01T00:00:00Z"
NAME = "org.opencontainers.image.ref.name"
BLOBS = REGISTRY / "blobs/sha256"
Descriptor = dict[str, Any]


def main() -> None:
    """Makes what is missing or changed, removes what nothing refers to."""
    BLOBS.mkdir(parents=True, exist_ok=True)
    (REGISTRY / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
    if not BUSYBOX.exists():
        subprocess.run([HERE / "base-layer.sh", "busybox"], check=True)
    path = REGISTRY / "index.json"
    old = {m["annotations"][NAME]: m for m in json.loads(path.read_text())["manifests"]} if path.exists() else {}
    index, made = [], 0
    for image in table():
        if missing := [file.name for file in image.files.values() if isinstance(file, Path) and not file.is_file()]:
            print(f"{image.ref} waits for {', '.join(missing)}", file=sys.stderr)
            continue
        key, kept = key_of(image), old.get(image.ref)
        if kept and kept["annotations"].get("lab.key") == key:
            index.append(kept)
        else:
            index.append(write(image, key))
            made += 1
    replace(path, json.dumps({"schemaVersion": 2, "mediaType": f"{OCI}.index.v1+json", "manifests": index}, indent=1).encode())
    sweep(index)
    print(f"{len(index)} images, {made} new")


def key_of(image: Image) -> str:
    """Changes when the image's description or one of its files does."""
    files = [(str(f), f.stat().st_size, f.stat().st_mtime_ns) for f in image.files.values() if isinstance(f, Path)]
    return hashlib.sha256(repr((image, files)).encode()).hexdigest()


def write(image: Image, key: str) -> Descriptor:
    """Writes the image's blobs; its entry in index.json."""
    layers = ([base_layer()] if image.base else []) + [layer(tar_of(image))]
    config = {
        "architecture": "amd64",
        "os": "linux",
        "created": DATE,
        "config": settings(image),
        "history": [{"created": DATE, "created_by": "kinstall lab"} for _ in layers],
        "rootfs": {"type": "layers", "diff_ids": [digest for _, digest in layers]},
    }
    manifest = {
        "schemaVersion": 2,
        "mediaType": f"{OCI}.manifest.v1+json",
        "layers": [descriptor for descriptor, _ in layers],
        "config": {"mediaType": f"{OCI}.config.v1+json", **blob(json.dumps(config).encode())},
    }
    notes = {NAME: image.ref, "lab.key": key}
    return {"mediaType": manifest["mediaType"], **blob(json.dumps(manifest).encode()), "annotations": notes}


def settings(image: Image) -> dict[str, Any]:
    """How the image is run."""
    given = {"Entrypoint": image.entry, "Cmd": image.cmd, "User": image.user}
    out: dict[str, Any] = {"Env": [PATH, *image.env], "WorkingDir": image.workdir}
    out |= {key: value for key, value in given.items() if value}
    if image.ports:
        out["ExposedPorts"] = {f"{port}/tcp": {} for port in image.ports}
    return out


def base_layer() -> tuple[Descriptor, str]:
    """One small Debian layer for what needs iptables; made once."""
    tar, kept = LAB / "pkg/base.tar", REGISTRY / "base.json"
    if not kept.exists():
        if not tar.exists():
            subprocess.run([HERE / "base-layer.sh", tar], check=True)
        replace(kept, json.dumps(layer(tar.read_bytes())).encode())
    descriptor, digest = json.loads(kept.read_text())
    return descriptor, digest


def layer(tar: bytes) -> tuple[Descriptor, str]:
    """The blob of a compressed layer, and its uncompressed digest."""
    packed = blob(gzip.compress(tar, 1, mtime=0))
    return {"mediaType": f"{OCI}.layer.v1.tar+gzip", **packed}, f"sha256:{hashlib.sha256(tar).hexdigest()}"


def blob(data: bytes) -> Descriptor:
    """Keeps the data under its digest."""
    digest = hashlib.sha256(data).hexdigest()
    if not (BLOBS / digest).exists():
        replace(BLOBS / digest, data)
    return {"digest": f"sha256:{digest}", "size": len(data)}


def replace(path: Path, data: bytes) -> None:
    """Writes a file that is there whole or not at all."""
    new = path.with_suffix(".new")
    new.write_bytes(data)
    new.rename(path)


def sweep(index: list[Descriptor]) -> None:
    """Removes the blobs that no image refers to."""
    kept = {base_layer()[0]["digest"]}
    for entry in index:
        manifest = json.loads((BLOBS / entry["digest"].removeprefix("sha256:")).read_text())
        kept |= {entry["digest"], manifest["config"]["digest"], *(x["digest"] for x in manifest["layers"])}
    for file in BLOBS.iterdir():
        if f"sha256:{file.name}" not in kept:
            file.unlink()


if __name__ == "__main__":
    main()
