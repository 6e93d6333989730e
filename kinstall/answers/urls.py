"""Where things come from: URLs, files and image registries, as the answers name them. A URL is never quoted: it could hold a password."""

from __future__ import annotations

import re
from typing import Annotated, Final
from urllib.parse import urlsplit

from pydantic import AfterValidator

from kinstall.answers.scalars import Shape, wrong

_PATH: Final = re.compile(r"(~?|\.{1,2})/\S.*")
# What comes from here ends in root's shell on every host. It is quoted there; here nothing is let in that would have to be.
_PLAIN: Final = re.compile(r"[A-Za-z0-9._~:/?#%+=&,{}-]+")
_HOLES: Final = frozenset({"arch"})


def _url(text: str) -> str:
    try:
        parts = urlsplit(text)
    except ValueError:
        raise wrong("not a URL", "write one such as https://mirror.example.org/kubernetes") from None
    if "@" in parts.netloc:
        raise wrong("a URL with a user or a password in clear", "use a mirror that needs none: every host would get to know it")
    if parts.scheme not in {"http", "https", "file"} or not (parts.netloc or parts.scheme == "file") or re.search(r"\s", text):
        raise wrong("not a URL", "begin it with https://, http:// or file://")
    if not _PLAIN.fullmatch(text):
        raise wrong("a character that no URL of a mirror needs", "write it with letters, digits and -._~:/?#%+=&, only")
    return text.rstrip("/")


def _url_or_path(text: str) -> str:
    return text if _PATH.fullmatch(text) else _url(text)


def _pattern(text: str) -> str:
    unknown = set(re.findall(r"\{(\w*)\}", text)) - _HOLES
    if unknown or re.search(r"[{}]", re.sub(r"\{\w*\}", "", text)):
        raise wrong("a placeholder other than {arch}", "use this one only")
    return _url(text)


Url = Annotated[str, AfterValidator(_url)]
UrlOrPath = Annotated[str, AfterValidator(_url_or_path)]
UrlPattern = Annotated[str, AfterValidator(_pattern)]
Registry = Annotated[str, Shape(r"[A-Za-z0-9]([-A-Za-z0-9.]*[A-Za-z0-9])?(:[0-9]{1,5})?(/[a-z0-9]+([._/-]+[a-z0-9]+)*)?",
                                "not an image registry", "write host:port/path, without https://")]
