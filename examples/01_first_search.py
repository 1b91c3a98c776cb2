"""Wish: search my notes from Python, and see why a note was found.

Run it: python examples/01_first_search.py
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import rocchio

NOTES = [
    {"doc_id": "monday", "text": "Plant the tomatoes when the last frost is over."},
    {"doc_id": "tuesday", "text": "Tomato soup: roast the tomatoes with garlic, then simmer."},
    {"doc_id": "friday", "text": "Frost on the windows; the garlic is up."},
]


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        col = rocchio.create(Path(folder) / "notes.rocchio", fields={"text": rocchio.text()}, analyzer="english")
        col.add(NOTES)
        col.commit()
        for hit in col.search("roasted tomatoes", k=2):
            print(f"{hit.doc_id}  {hit.score:.4f}  {hit.fields['text']}")
            for part in hit.why().terms:
                print(f"    {part.term}: {sum(part.tf.values())} times here, in {part.df} notes, adds {part.score:.4f}")


if __name__ == "__main__":
    main()
