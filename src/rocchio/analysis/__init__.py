"""Text analysis: from text to terms."""

from rocchio.analysis.analysis import Analysis
from rocchio.analysis.analyzer import PRESETS, TOKENIZERS, Analyzer, callable_analyzer, parse_analyzer, preset_name
from rocchio.analysis.filters import Filter
from rocchio.analysis.stopwords import STOP_LISTS

__all__ = [
    "PRESETS",
    "STOP_LISTS",
    "TOKENIZERS",
    "Analysis",
    "Analyzer",
    "Filter",
    "callable_analyzer",
    "parse_analyzer",
    "preset_name",
]
