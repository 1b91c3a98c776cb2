"""A headless browser for tests of the console, where there is one: Debian's Chromium, or Playwright's own."""

from __future__ import annotations

import contextlib
import io
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: pip install 'rocchio[test]'")

NAMES = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = [
    "--no-sandbox",  # tests may run as root; the page is ours
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PICTURES = Path(__file__).parents[2] / "docs" / "images"
"""Screenshots of the how-to page: written anew when ROCCHIO_PICTURES is set."""


@contextlib.contextmanager
def browser() -> Iterator[Any]:
    """A browser; skips the test where none is installed."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    with sync_api.sync_playwright() as playwright:
        if found is None and not Path(playwright.chromium.executable_path).exists():
            pytest.skip("no browser is installed: apt-get install chromium, or playwright install chromium")
        opened = playwright.chromium.launch(executable_path=found, args=ARGUMENTS)
        try:
            yield opened
        finally:
            opened.close()


def picture(page: Any, name: str) -> None:
    """Keep what the page looks like for the docs, if that is asked for."""
    if os.environ.get("ROCCHIO_PICTURES"):
        page.wait_for_timeout(600)  # animations
        PICTURES.mkdir(parents=True, exist_ok=True)
        from PIL import Image  # comes with matplotlib

        whole = Image.open(io.BytesIO(page.screenshot()))
        # a page has few colours: a palette takes a third of the bytes
        few = whole.convert("RGB").quantize(256, dither=Image.Dither.NONE)
        few.save(PICTURES / f"console-{name}.png", optimize=True)
