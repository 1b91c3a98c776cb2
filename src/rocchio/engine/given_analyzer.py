"""The analyzer of a collection: that of its manifest, or a function that was given and has its name."""

from __future__ import annotations

from rocchio.analysis import Analyzer, parse_analyzer
from rocchio.errors import Corruption, InvalidArgument
from rocchio.storage.directory import Directory
from rocchio.storage.manifest import MANIFEST


def analyzer_of(text: str, given: Analyzer | None, directory: Directory) -> Analyzer:
    """The analyzer whose text form the manifest of `directory` has. Raises InvalidArgument, Corruption."""
    if given is None:
        try:
            return parse_analyzer(text)
        except InvalidArgument as error:
            if text.startswith("callable("):
                raise
            # the collection was made with it: a manifest of this version holds only analyzers that parse
            raise Corruption(directory.path(MANIFEST), None, f"the analyzer: {error}") from error
    if given.steps != text:
        raise InvalidArgument(
            f"expected the collection's analyzer {text!r}, found {given.steps!r}; "
            "a collection keeps the analyzer it was created with"
        )
    return given
