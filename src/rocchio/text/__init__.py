"""Text analysis: from text to terms."""

from rocchio.text.analysis import Analysis
from rocchio.text.analyzer import PRESETS, TOKENIZERS, Analyzer, callable_analyzer, parse_analyzer
from rocchio.text.filters import Filter
from rocchio.text.stopwords import STOP_LISTS

__all__ = [
    "PRESETS",
    "STOP_LISTS",
    "TOKENIZERS",
    "Analysis",
    "Analyzer",
    "Filter",
    "callable_analyzer",
    "parse_analyzer",
]
