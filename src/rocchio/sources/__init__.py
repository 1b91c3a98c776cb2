"""Where do documents, queries and judgements come from?

Documents: `open_source(path)` for JSON Lines, CSV, TSV, Parquet, folders of text files and BEIR folders.
Experiments: `read_topics`, `read_weighted_topics`, `read_vector_topics`, `read_mixed_topics`, `read_qrels`, `read_run`.
Without any file: `collect_docstrings`, `known_item_queries`.
"""

from rocchio.sources.docstrings import collect_docstrings, known_item_queries
from rocchio.sources.formats import FORMATS, open_source
from rocchio.sources.jsonl import json_lines
from rocchio.sources.rejects import Reject, RejectFile, StopAtFirst
from rocchio.sources.source import DocumentSource, SourceBatch
from rocchio.sources.trec import read_qrels, read_run, read_topics
from rocchio.sources.weighted_topics import read_mixed_topics, read_vector_topics, read_weighted_topics

__all__ = [
    "FORMATS",
    "DocumentSource",
    "Reject",
    "RejectFile",
    "SourceBatch",
    "StopAtFirst",
    "collect_docstrings",
    "json_lines",
    "known_item_queries",
    "open_source",
    "read_mixed_topics",
    "read_qrels",
    "read_run",
    "read_topics",
    "read_vector_topics",
    "read_weighted_topics",
]
