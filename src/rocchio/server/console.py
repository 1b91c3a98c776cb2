"""The web console: files of `page/`, read once, that ask the same routes as any other client. They hold no data."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from fastapi import APIRouter, Request, Response

from rocchio.server.problems import HttpRefusal

router = APIRouter(include_in_schema=False)

FOLDER = Path(__file__).with_name("page")
PREFIX = "/console/"
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"
)
"""Nothing from elsewhere, nothing inline; texts of documents cannot become markup."""
_HEADERS = {
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-cache",
}


@dataclass(frozen=True)
class Asset:
    """One file with its media type and a tag of its content."""

    content: bytes
    media_type: str
    tag: str


@cache
def assets() -> dict[str, Asset]:
    """All files of the page by name, index.html too."""
    found = {}
    for path in sorted(FOLDER.iterdir()):
        if path.suffix in _TYPES:
            content = path.read_bytes()
            tag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
            found[path.name] = Asset(content, _TYPES[path.suffix], tag)
    return found


def is_console(path: str) -> bool:
    """Whether a path is one of the console's: answered without a key, since the page asks for it."""
    return path == "/" or path.startswith(PREFIX)


@router.get("/")
@router.head("/")
async def page(request: Request) -> Response:
    """The page."""
    return _answer(request, "index.html")


@router.get(PREFIX + "{name}")
@router.head(PREFIX + "{name}")
async def file(request: Request, name: str) -> Response:
    """A file that the page needs."""
    return _answer(request, name)


def _answer(request: Request, name: str) -> Response:
    asset = assets().get(name)
    if asset is None:
        raise HttpRefusal(404, "no such file", f"expected a file of the console, found no {name[:100]!r}")
    headers = {**_HEADERS, "etag": asset.tag}
    if request.headers.get("if-none-match") == asset.tag:
        return Response(status_code=304, headers=headers)
    return Response(asset.content, headers=headers, media_type=asset.media_type)
