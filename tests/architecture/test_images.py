"""Pictures of the docs are small, and each is shown somewhere."""

from __future__ import annotations

from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
IMAGES = sorted((DOCS / "images").iterdir())
MOST_BYTES = 150_000


@pytest.mark.parametrize("path", IMAGES, ids=lambda path: path.name)
def test_a_picture_is_small_and_shown(path: Path):
    assert path.stat().st_size < MOST_BYTES
    assert any(f"images/{path.name}" in page.read_text(encoding="utf-8") for page in (DOCS / "how-to").glob("*.md"))
