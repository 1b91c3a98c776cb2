"""Native kernels of rocchio. Internal: use the rocchio package."""

from collections.abc import Sequence
import enum
from typing import Annotated, overload

import numpy
from numpy.typing import NDArray


CHUNK_BYTES: int = 65536

def crc32c(data: Annotated[NDArray[numpy.uint8], dict(shape=(None,), order='C', device='cpu', writable=False)], crc: int = 0) -> int:
    """CRC-32C of the bytes, continuing from `crc`."""

def chunk_checksums(data: Annotated[NDArray[numpy.uint8], dict(shape=(None,), order='C', device='cpu', writable=False)]) -> Annotated[NDArray[numpy.uint32], dict(shape=(None,))]:
    """CRC-32C of every chunk of CHUNK_BYTES bytes (the last may be shorter)."""

class FileSource:
    """Reads of an open file at given places."""

    def __init__(self, descriptor: int, path: str) -> None:
        """Takes over the descriptor, which is closed at the end."""

class PageCache:
    """Pages of files that were read last, in bounded memory."""

    def __init__(self, size_bytes: int) -> None: ...

    def resize(self, size_bytes: int) -> None:
        """Drops everything; at most so many bytes from now on."""

    @property
    def room(self) -> int:
        """Pages that it can hold."""

    def __len__(self) -> int:
        """Pages that it holds."""

    @property
    def counts(self) -> tuple:
        """
        (pages that were held, pages that were not, reads, bytes read), since the beginning.
        """

PAGE_BYTES: int = 4096

class CheckedFile:
    """
    A file whose chunks are verified when first touched: mapped, and read where it has a source.
    """

    def __init__(self, path: str, data: Annotated[NDArray[numpy.uint8], dict(shape=(None,), order='C', device='cpu', writable=False)], checksums: Annotated[NDArray[numpy.uint32], dict(shape=(None,), order='C', device='cpu', writable=False)], source: FileSource | None = None, cache: PageCache | None = None) -> None: ...

    def gather(self, begins: Annotated[NDArray[numpy.uint64], dict(shape=(None,), order='C', device='cpu', writable=False)], size: int) -> Annotated[NDArray[numpy.uint8], dict(shape=(None,))]:
        """
        `size` bytes at each of `begins`, a copy, verified; with a source read from there. Raises Corruption.
        """

    def ensure(self, begin: int, end: int) -> None:
        """Verify bytes [begin, end); raises Corruption."""

    def damaged_chunks(self) -> Annotated[NDArray[numpy.uint64], dict(shape=(None,))]:
        """
        Offsets of all chunks that differ from their checksum; reads the whole file.
        """

def encode_elias_fano(values: Annotated[NDArray[numpy.uint64], dict(shape=(None,), order='C', device='cpu', writable=False)]) -> Annotated[NDArray[numpy.uint64], dict(shape=(None,))]:
    """
    Numbers that do not decrease, as words (uint64); ValueError for others.
    """

def encode_packed(values: Annotated[NDArray[numpy.uint32], dict(shape=(None,), order='C', device='cpu', writable=False)]) -> Annotated[NDArray[numpy.uint8], dict(shape=(None,))]:
    """Numbers packed with the width of the largest, as bytes."""

class StringTable:
    """Numbers strings 0, 1, 2, ... as they come. For one thread."""

    def __init__(self) -> None: ...

    def intern(self, bytes: Annotated[NDArray[numpy.uint8], dict(shape=(None,), order='C', device='cpu', writable=False)], offsets: Annotated[NDArray[numpy.int64], dict(shape=(None,), order='C', device='cpu', writable=False)]) -> Annotated[NDArray[numpy.uint32], dict(shape=(None,))]:
        """
        Numbers (uint32) of the strings bytes[offsets[i]:offsets[i+1]]; ValueError for bad offsets.
        """

    def strings(self) -> tuple[Annotated[NDArray[numpy.uint8], dict(shape=(None,))], Annotated[NDArray[numpy.int64], dict(shape=(None,))]]:
        """(bytes, offsets) of all strings in order of their numbers."""

    def __len__(self) -> int: ...

    @property
    def memory_bytes(self) -> int: ...

UNRESOLVED: int = 4294967294

DROPPED: int = 4294967295

def porter_stem(words: Sequence[str]) -> list[str]:
    """Porter stems of lower-case words (others stay as they are)."""

class QueryTerms:
    """The terms of one text, ready to be searched."""

    @property
    def terms(self) -> list[str]:
        """The terms as strings, in order."""

class TokenTable:
    """Tokens to surfaces to terms. For one thread at a time."""

    def __init__(self, kind: str) -> None:
        """
        kind: standard, words, cjk_bigrams or whitespace; ValueError otherwise.
        """

    def tokenize(self, data: Annotated[NDArray[numpy.uint8], dict(shape=(None,), order='C', device='cpu', writable=False)], offsets: Annotated[NDArray[numpy.int64], dict(shape=(None,), order='C', device='cpu', writable=False)]) -> tuple[Annotated[NDArray[numpy.uint32], dict(shape=(None,))], Annotated[NDArray[numpy.int64], dict(shape=(None,))]]:
        """
        (surfaces, offsets) of the texts data[offsets[i]:offsets[i+1]]; ValueError for bad offsets.
        """

    def spans(self, data: bytes) -> tuple[Annotated[NDArray[numpy.uint32], dict(shape=(None,))], Annotated[NDArray[numpy.int64], dict(shape=(None,))], Annotated[NDArray[numpy.int64], dict(shape=(None,))]]:
        """(surfaces, starts, ends) of one text's tokens, in bytes."""

    def unresolved(self) -> list[str]:
        """The surfaces that have no term yet, in order of their ids."""

    def resolve(self, terms: Sequence[str | None]) -> None:
        """Gives each of unresolved() its term; None drops it."""

    def intern_surfaces(self, tokens: Sequence[str]) -> Annotated[NDArray[numpy.uint32], dict(shape=(None,))]:
        """Surfaces of tokens that were cut elsewhere."""

    def terms_of(self, surfaces: Annotated[NDArray[numpy.uint32], dict(shape=(None,), order='C', device='cpu', writable=False)]) -> Annotated[NDArray[numpy.uint32], dict(shape=(None,))]:
        """Each surface's term, UNRESOLVED or DROPPED."""

    def map(self, surfaces: Annotated[NDArray[numpy.uint32], dict(shape=(None,), order='C', device='cpu', writable=False)], offsets: Annotated[NDArray[numpy.int64], dict(shape=(None,), order='C', device='cpu', writable=False)]) -> tuple[Annotated[NDArray[numpy.uint32], dict(shape=(None,))], Annotated[NDArray[numpy.int64], dict(shape=(None,))]]:
        """
        (terms, offsets) of a batch without dropped ones; ValueError for unresolved surfaces.
        """

    def distinct_terms(self, ids: Annotated[NDArray[numpy.uint32], dict(shape=(None,), order='C', device='cpu', writable=False)]) -> tuple[Annotated[NDArray[numpy.uint8], dict(shape=(None,))], Annotated[NDArray[numpy.int64], dict(shape=(None,))], Annotated[NDArray[numpy.uint32], dict(shape=(None,))]]:
        """
        (bytes, offsets, places): the different terms in order of their ids, and which of them each id is; ValueError for an id that is not here.
        """

    def query_terms(self, text: str) -> QueryTerms | None:
        """
        The terms of one text; None if it has surfaces, or others are here, that have no term yet.
        """

    def query_terms_of(self, ids: Annotated[NDArray[numpy.uint32], dict(shape=(None,), order='C', device='cpu', writable=False)]) -> QueryTerms:
        """The terms with these ids; ValueError for an id that is not here."""

    def term_bytes(self) -> tuple[Annotated[NDArray[numpy.uint8], dict(shape=(None,))], Annotated[NDArray[numpy.int64], dict(shape=(None,))]]:
        """(bytes, offsets) of all terms in order of their ids."""

    def find_term(self, term: str) -> int | None:
        """The id of a term, or None."""

    def term(self, id: int) -> str:
        """The string of a term id; ValueError for one that is not here."""

    @property
    def term_count(self) -> int: ...

    @property
    def surface_count(self) -> int: ...

    @property
    def memory_bytes(self) -> int: ...

def cpu_level() -> str:
    """
    The level of instruction set that searches use: portable, avx2 or avx512.
    """

class LexicalSegment:
    """The inverted index of one segment, over checked arrays."""

    def __init__(self, arrays: dict, rows: int, fields: int, live: Annotated[NDArray[numpy.uint8], dict(shape=(None,), order='C', device='cpu', writable=False)], deleted_terms: Annotated[NDArray[numpy.uint32], dict(shape=(None,), order='C', device='cpu', writable=False)], deleted_counts: Annotated[NDArray[numpy.uint32], dict(shape=(None,), order='C', device='cpu', writable=False)]) -> None: ...

    def restricted(self, live: Annotated[NDArray[numpy.uint8], dict(shape=(None,), order='C', device='cpu', writable=False)]) -> LexicalSegment:
        """
        The same segment with no live rows but those of a bitmap, which must be of its rows.
        """

    @property
    def row_count(self) -> int: ...

    @property
    def term_count(self) -> int: ...

    @property
    def posting_count(self) -> int: ...

    def find_term(self, term: str) -> int | None: ...

    def term(self, id: int) -> str: ...

    def doc_id(self, row: int) -> str: ...

    def find_documents(self, doc_id_bytes: Annotated[NDArray[numpy.uint8], dict(shape=(None,), order='C', device='cpu', writable=False)], doc_id_offsets: Annotated[NDArray[numpy.int64], dict(shape=(None,), order='C', device='cpu', writable=False)]) -> Annotated[NDArray[numpy.int64], dict(shape=(None,))]:
        """Row of each doc_id (int64); -1 where absent or deleted."""

    def postings(self, term: int) -> tuple:
        """Rows (uint32) and frequency codes (uint32) of a term."""

    def find_code(self, term: int, row: int) -> int | None:
        """
        Frequency code of one posting; None when the document does not hold the term.
        """

    def forward(self, row: int) -> tuple:
        """
        Term ids (uint32, increasing) and frequency codes (uint32) of a document.
        """

    def frequencies(self, code: int) -> list[int]:
        """How often the term stands in each field, for a frequency code."""

    def lengths(self, field: int) -> Annotated[NDArray[numpy.uint32], dict(shape=(None,))]: ...

    def doc_id_order(self) -> Annotated[NDArray[numpy.uint32], dict(shape=(None,))]:
        """The rows (uint32) in the order of their doc_ids."""

    def validate(self) -> None:
        """Check every structure against its format; raises Corruption."""

class SegmentBuilder:
    """Collects term ids of documents into a segment."""

    def __init__(self, fields: int) -> None: ...

    def add(self, ids: Sequence[Annotated[NDArray[numpy.uint32], dict(shape=(None,), order='C', device='cpu', writable=False)]], offsets: Sequence[Annotated[NDArray[numpy.int64], dict(shape=(None,), order='C', device='cpu', writable=False)]], term_limit: int) -> None: ...

    def add_impacts(self, ids: Annotated[NDArray[numpy.uint32], dict(shape=(None,), order='C', device='cpu', writable=False)], impacts: Annotated[NDArray[numpy.uint32], dict(shape=(None,), order='C', device='cpu', writable=False)], offsets: Annotated[NDArray[numpy.int64], dict(shape=(None,), order='C', device='cpu', writable=False)], term_limit: int) -> None:
        """
        Documents of weighted terms, for a builder of one field; ValueError for impacts of 0 or above 2^32.
        """

    @property
    def row_count(self) -> int: ...

    @property
    def posting_count(self) -> int: ...

    @property
    def memory_bytes(self) -> int: ...

    def finish(self, term_bytes: Annotated[NDArray[numpy.uint8], dict(shape=(None,), order='C', device='cpu', writable=False)], term_offsets: Annotated[NDArray[numpy.int64], dict(shape=(None,), order='C', device='cpu', writable=False)]) -> dict: ...

class SegmentMerger:
    """Merges segments without their text."""

    @overload
    def __init__(self, segments: Sequence[LexicalSegment]) -> None: ...

    @overload
    def __init__(self, segments: Sequence[LexicalSegment], of_segment: Annotated[NDArray[numpy.uint32], dict(shape=(None,), order='C', device='cpu', writable=False)], rows: Annotated[NDArray[numpy.uint32], dict(shape=(None,), order='C', device='cpu', writable=False)]) -> None:
        """
        The same, with rows in the order given: `rows[i]` of segment `of_segment[i]` becomes row i.
        """

    @property
    def row_count(self) -> int: ...

    @property
    def term_count(self) -> int: ...

    def term_bytes(self) -> Annotated[NDArray[numpy.uint8], dict(shape=(None,))]: ...

    def term_offsets(self) -> Annotated[NDArray[numpy.uint64], dict(shape=(None,))]: ...

    def term_order(self) -> Annotated[NDArray[numpy.uint32], dict(shape=(None,))]: ...

    def posting_counts(self) -> Annotated[NDArray[numpy.uint64], dict(shape=(None,))]: ...

    def forward_counts(self) -> Annotated[NDArray[numpy.uint64], dict(shape=(None,))]: ...

    def frequency_tuples(self) -> Annotated[NDArray[numpy.uint32], dict(shape=(None,))]: ...

    def postings(self, first: int, last: int) -> tuple:
        """
        Lists of the terms [first, last): their bytes, and offsets of each in them.
        """

    def forward(self, first: int, last: int) -> tuple:
        """
        Forward entries of the rows [first, last): their bytes, and offsets of each.
        """

    def lengths(self, field: int) -> Annotated[NDArray[numpy.uint32], dict(shape=(None,))]: ...

class Variant(enum.Enum):
    robertson = 0

    lucene = 1

    atire = 2

    bm25l = 3

    bm25plus = 4

    impact = 5

    anserini = 6

class Kernel(enum.Enum):
    automatic = 0

    pruned = 1

    exhaustive = 2

    reference = 3

class FrozenColumns:
    """Columns of one segment that were computed ahead."""

    def __init__(self, arrays: dict) -> None: ...

    def validate(self, segment: LexicalSegment) -> None:
        """Compute every column anew and compare; raises Corruption."""

class Searcher:
    """Exact top-k over the segments of a snapshot with one scoring."""

    def __init__(self, segments: Sequence[LexicalSegment], variant: Variant, k1: float, b: float, delta: float, field_weights: Sequence[float], documents: int, total_lengths: Annotated[NDArray[numpy.uint64], dict(shape=(None,), order='C', device='cpu', writable=False)], memory_bytes: int, frozen: Sequence[FrozenColumns | None]) -> None: ...

    def feedback_terms(self, offsets: Annotated[NDArray[numpy.uint64], dict(shape=(None,), order='C', device='cpu', writable=False)], segments: Annotated[NDArray[numpy.uint32], dict(shape=(None,), order='C', device='cpu', writable=False)], rows: Annotated[NDArray[numpy.uint32], dict(shape=(None,), order='C', device='cpu', writable=False)], least_characters: int, most_characters: int, required_forms: int, refused_forms: int, most_documents: int, most_per_document: int) -> tuple:
        """
        Distinct terms of the documents of each query: (query_terms, bytes, term_offsets, df, query_entries, entry_terms, entry_documents, entry_frequencies).
        """

    def relevance_models(self, offsets: Annotated[NDArray[numpy.uint64], dict(shape=(None,), order='C', device='cpu', writable=False)], segments: Annotated[NDArray[numpy.uint32], dict(shape=(None,), order='C', device='cpu', writable=False)], rows: Annotated[NDArray[numpy.uint32], dict(shape=(None,), order='C', device='cpu', writable=False)], scores: Annotated[NDArray[numpy.float64], dict(shape=(None,), order='C', device='cpu', writable=False)], least_characters: int, most_characters: int, required_forms: int, refused_forms: int, most_documents: int, most_per_document: int, frequency_scale: float, least_norm: float, terms: int) -> tuple:
        """
        The heaviest terms of the relevance model of each query's documents: (query_terms, bytes, term_offsets, weights).
        """

    def collection_frequency(self, term: str) -> float:
        """
        How often a term stands in the live documents, fields weighed by their boosts.
        """

    def bm25_parts(self, documents: int, df: Annotated[NDArray[numpy.uint64], dict(shape=(None,), order='C', device='cpu', writable=False)], tf: Annotated[NDArray[numpy.float64], dict(shape=(None,), order='C', device='cpu', writable=False)], length: Annotated[NDArray[numpy.float64], dict(shape=(None,), order='C', device='cpu', writable=False)]) -> Annotated[NDArray[numpy.float64], dict(shape=(None,))]:
        """What terms add to scores, idf times the tf part (float64)."""

    def doc_ids(self, segments: Annotated[NDArray[numpy.uint32], dict(shape=(None,), order='C', device='cpu', writable=False)], rows: Annotated[NDArray[numpy.uint32], dict(shape=(None,), order='C', device='cpu', writable=False)]) -> list:
        """The doc_ids at these places."""

    def hits(self, segments: Annotated[NDArray[numpy.uint32], dict(shape=(None,), order='C', device='cpu', writable=False)], rows: Annotated[NDArray[numpy.uint32], dict(shape=(None,), order='C', device='cpu', writable=False)], scores: Annotated[NDArray[numpy.float32], dict(shape=(None,), order='C', device='cpu', writable=False)], kind: type, details: object) -> list:
        """
        Objects with the attributes of `rocchio.types.Hit`, of the class `kind`: one for each place.
        """

    def best_rows(self, parts: Sequence[tuple[int, Annotated[NDArray[numpy.int64], dict(shape=(None, None), order='C', device='cpu', writable=False)], Annotated[NDArray[numpy.float32], dict(shape=(None, None), order='C', device='cpu', writable=False)]]], queries: int, k: int, least: float) -> tuple:
        """
        ((offsets, segments, rows, scores) as of `search`, tied): the best k of each query, ties by doc_id, none that scores under `least`.

        Parts are (segment, rows int64, scores float32), places of every query by score, row -1 where there is nothing. `tied` are (part, query) whose k-th place scores like the next: rows that the part lacks may do so too.
        """

    def search(self, term_bytes: Annotated[NDArray[numpy.uint8], dict(shape=(None,), order='C', device='cpu', writable=False)], term_offsets: Annotated[NDArray[numpy.int64], dict(shape=(None,), order='C', device='cpu', writable=False)], query_offsets: Annotated[NDArray[numpy.uint64], dict(shape=(None,), order='C', device='cpu', writable=False)], query_terms: Annotated[NDArray[numpy.uint32], dict(shape=(None,), order='C', device='cpu', writable=False)], weights: Annotated[NDArray[numpy.float64], dict(shape=(None,), order='C', device='cpu', writable=False)], k: int, allowed: Sequence[Annotated[NDArray[numpy.uint8], dict(shape=(None,), order='C', device='cpu', writable=False)]], kernel: Kernel, alpha: float = 1.0, threads: int = 1) -> list:
        """
        Batch search; returns (offsets, segments, rows, scores) for each part of the batch, in order; one thread makes one part. Query i of a part has hits [offsets[i], offsets[i+1]). Exact with alpha 1.
        """

    @property
    def memory_bytes(self) -> int: ...

    def has_frozen(self, segment: int) -> bool:
        """Whether frozen columns of a segment are used."""

    def column_identity(self, segment: int) -> Annotated[NDArray[numpy.float64], dict(shape=(None,))]:
        """What the columns of a segment are made for (float64)."""

    def freeze(self, segment: int, first: int, enough: int) -> tuple:
        """
        Terms (uint32) from rank `first` on, where each column begins (uint64), and the columns (uint8), of `enough` bytes or a column more.
        """

    @property
    def work(self) -> tuple[int, int]:
        """Postings and bytes that all searches so far have read."""

    def document_frequency(self, term: str) -> int: ...

    def idf(self, documents: int, df: int) -> float: ...

    def tf_part(self, tf: float, length: float) -> float: ...

    @property
    def absent_part(self) -> float: ...

    @property
    def average_length(self) -> float: ...

    def boosted_length(self, segment: int, row: int) -> float: ...

    def boosted_frequency(self, segment: int, code: int) -> float: ...

class SearchQueue:
    """Texts that wait to be searched, and answers to be fetched."""

    def __init__(self, wake: int, most: int, at_once: int, patience_s: float) -> None:
        """
        A byte written to `wake` says that there are answers. A thread takes up to `most` texts; `at_once` threads begin when there are some, a further one when the batch that began last takes longer than `patience_s`.
        """

    def ask(self, asker: object, searcher: Searcher, terms: QueryTerms, k: int) -> None:
        """The best k documents for a text are wanted, by whatever `asker` is."""

    def take(self) -> list:
        """
        (asker, hits as JSON) of what was answered since the last call; None for a search that failed.
        """

    def work(self) -> None:
        """
        Searches what is asked until it is closed, without the interpreter's lock. For threads.
        """

    def close(self) -> None:
        """
        Ends the threads; what still waits is answered without a search, like one that failed.
        """

class VectorIndex:
    """Codes and lists of the vectors of one segment, over checked arrays."""

    def __init__(self, arrays: dict, metric: str, dim: int, halves: bool, seed: int, mean: Annotated[NDArray[numpy.float32], dict(shape=(None,), order='C', device='cpu', writable=False)], lists_in_memory: bool = True, codes_in_memory: bool = True, originals_in_memory: bool = True) -> None:
        """
        What is not in memory is read when it is needed, through the sources of its files.
        """

    @property
    def rows(self) -> int: ...

    @property
    def lists(self) -> int: ...

    def restricted(self, rows: Annotated[NDArray[numpy.uint32], dict(shape=(None,), order='C', device='cpu', writable=False)], listed: bool) -> VectorIndex:
        """
        The same with no rows but some, which ascend; if `listed`, in a list of their own.
        """

    @property
    def own_bytes(self) -> int: ...

    def listed_rows(self) -> Annotated[NDArray[numpy.uint32], dict(shape=(None,))]: ...

    def exact(self, queries: Annotated[NDArray[numpy.float32], dict(shape=(None,), order='C', device='cpu', writable=False)], k: int, allowed: Annotated[NDArray[numpy.uint8], dict(shape=(None,), order='C', device='cpu', writable=False)] | None = None) -> tuple:
        """
        (rows int64 (q, k), scores float32 (q, k), (lists, entries, refined, rescored, unsettled)): exactly the best k for each query.
        """

    def scores(self, queries: Annotated[NDArray[numpy.float32], dict(shape=(None,), order='C', device='cpu', writable=False)], offsets: Annotated[NDArray[numpy.uint64], dict(shape=(None,), order='C', device='cpu', writable=False)], rows: Annotated[NDArray[numpy.uint32], dict(shape=(None,), order='C', device='cpu', writable=False)]) -> Annotated[NDArray[numpy.float32], dict(shape=(None,))]:
        """
        The exact scores (float32) of rows: query i has rows[offsets[i]] to rows[offsets[i + 1]].
        """

    def within(self, queries: Annotated[NDArray[numpy.float32], dict(shape=(None,), order='C', device='cpu', writable=False)], least: Annotated[NDArray[numpy.float32], dict(shape=(None,), order='C', device='cpu', writable=False)], allowed: Annotated[NDArray[numpy.uint8], dict(shape=(None,), order='C', device='cpu', writable=False)] | None = None) -> tuple:
        """
        (offsets uint64, rows int64, scores float32, work as of `exact`): exactly the rows that score at least `least`, one number for each query, best first.
        """

    def search(self, queries: Annotated[NDArray[numpy.float32], dict(shape=(None,), order='C', device='cpu', writable=False)], k: int, allowed: Annotated[NDArray[numpy.uint8], dict(shape=(None,), order='C', device='cpu', writable=False)] | None, probes: int, refine: int, least_entries: int, most_new: float = 1.0, most_probes: int | None = None, least_share: float = 0.75) -> tuple:
        """
        As `exact`, the best of the rows that the lists show; rows that a mask makes hard to find take more lists, until they settle, or an exact search.
        """

    def places(self, queries: Annotated[NDArray[numpy.float32], dict(shape=(None,), order='C', device='cpu', writable=False)], k: int, allowed: Annotated[NDArray[numpy.uint8], dict(shape=(None,), order='C', device='cpu', writable=False)] | None, wanted: Annotated[NDArray[numpy.uint32], dict(shape=(None,), order='C', device='cpu', writable=False)], probes: Sequence[int], most: int) -> Annotated[NDArray[numpy.uint32], dict(shape=(None,))]:
        """
        By query, number of lists and wanted row (uint32): where k distinct rows that are wanted of each query stand among the candidates of the nearest `probes` lists; 2**32 - 1 if not among `most`.
        """

class VectorTransform:
    """From vectors to the space of their codes."""

    def __init__(self, metric: str, dim: int, seed: int, mean: Annotated[NDArray[numpy.float32], dict(shape=(None,), order='C', device='cpu', writable=False)]) -> None: ...

    @property
    def width(self) -> int: ...

    def encode(self, values: Annotated[NDArray[numpy.float32], dict(shape=(None,), order='C', device='cpu', writable=False)]) -> tuple:
        """(codes uint8, constants float32, four each) of whole vectors."""

class Centroids:
    """Centroids of inverted lists, of `width` numbers each."""

    def __init__(self, values: Annotated[NDArray[numpy.float32], dict(shape=(None,), order='C', device='cpu', writable=False)], width: int) -> None: ...

    @property
    def count(self) -> int: ...

    def encode(self) -> tuple:
        """(codes uint8, constants float32, four each)."""

    def nearest(self, codes: Annotated[NDArray[numpy.uint8], dict(shape=(None,), order='C', device='cpu', writable=False)], constants: Annotated[NDArray[numpy.float32], dict(shape=(None,), order='C', device='cpu', writable=False)], chosen: Annotated[NDArray[numpy.uint32], dict(shape=(None,), order='C', device='cpu', writable=False)]) -> Annotated[NDArray[numpy.uint32], dict(shape=(None,))]:
        """The nearest centroid of each chosen row (uint32)."""

    def nearest_two(self, codes: Annotated[NDArray[numpy.uint8], dict(shape=(None,), order='C', device='cpu', writable=False)], constants: Annotated[NDArray[numpy.float32], dict(shape=(None,), order='C', device='cpu', writable=False)], chosen: Annotated[NDArray[numpy.uint32], dict(shape=(None,), order='C', device='cpu', writable=False)]) -> tuple:
        """The nearest and the orthogonal second centroid (uint32)."""

def list_means(codes: Annotated[NDArray[numpy.uint8], dict(shape=(None,), order='C', device='cpu', writable=False)], constants: Annotated[NDArray[numpy.float32], dict(shape=(None,), order='C', device='cpu', writable=False)], width: int, rows: Annotated[NDArray[numpy.uint32], dict(shape=(None,), order='C', device='cpu', writable=False)], offsets: Annotated[NDArray[numpy.uint64], dict(shape=(None,), order='C', device='cpu', writable=False)], first: int, last: int, before: Annotated[NDArray[numpy.float32], dict(shape=(None,), order='C', device='cpu', writable=False)]) -> Annotated[NDArray[numpy.float32], dict(shape=(None,))]:
    """
    Means of the rows of lists [first, last); those of lists without rows stay as they were.
    """

def pack_lists(codes: Annotated[NDArray[numpy.uint8], dict(shape=(None,), order='C', device='cpu', writable=False)], constants: Annotated[NDArray[numpy.float32], dict(shape=(None,), order='C', device='cpu', writable=False)], width: int, metric: str, centroid_codes: Annotated[NDArray[numpy.uint8], dict(shape=(None,), order='C', device='cpu', writable=False)], centroid_constants: Annotated[NDArray[numpy.float32], dict(shape=(None,), order='C', device='cpu', writable=False)], rows: Annotated[NDArray[numpy.uint32], dict(shape=(None,), order='C', device='cpu', writable=False)], offsets: Annotated[NDArray[numpy.uint64], dict(shape=(None,), order='C', device='cpu', writable=False)], first: int, last: int) -> Annotated[NDArray[numpy.uint8], dict(shape=(None,))]:
    """Blocks of sign codes of lists [first, last)."""

def list_radii(codes: Annotated[NDArray[numpy.uint8], dict(shape=(None,), order='C', device='cpu', writable=False)], constants: Annotated[NDArray[numpy.float32], dict(shape=(None,), order='C', device='cpu', writable=False)], width: int, centroid_codes: Annotated[NDArray[numpy.uint8], dict(shape=(None,), order='C', device='cpu', writable=False)], centroid_constants: Annotated[NDArray[numpy.float32], dict(shape=(None,), order='C', device='cpu', writable=False)], rows: Annotated[NDArray[numpy.uint32], dict(shape=(None,), order='C', device='cpu', writable=False)], offsets: Annotated[NDArray[numpy.uint64], dict(shape=(None,), order='C', device='cpu', writable=False)], first: int, last: int) -> Annotated[NDArray[numpy.float32], dict(shape=(None,))]:
    """
    Root mean squares (float32) of the distances between rows and centroids of lists [first, last).
    """

def out_of_bounds(vectors: Annotated[NDArray[numpy.float32], dict(shape=(None, None), order='C', device='cpu', writable=False)], least: float, most: float) -> list[int]:
    """
    Which of the vectors (n, dim) do not have their largest absolute number from `least` to `most`; one with NaN has not.
    """

def encode_stored_lists(offsets: Annotated[NDArray[numpy.uint64], dict(shape=(None,), order='C', device='cpu', writable=False)], documents_of: Annotated[NDArray[numpy.uint32], dict(shape=(None,), order='C', device='cpu', writable=False)], codes: Annotated[NDArray[numpy.uint8], dict(shape=(None,), order='C', device='cpu', writable=False)], documents: int, least: int) -> tuple:
    """
    Lists of documents (uint32, increasing) with scores as codes (uint8), those of at least `least`: bytes (uint8) and offsets (uint64) of each list in them.
    """

class StoredLists:
    """Lists that were found ahead for pseudo-queries."""

    def __init__(self, arrays: dict, documents: int) -> None: ...

    def __len__(self) -> int: ...

    def entries(self, list: int) -> tuple:
        """Documents (uint32) and codes (uint8) of a list."""

    def validate(self) -> None:
        """Read every list; raises Corruption."""

class OfflineFeedback:
    """Adds up stored lists over the segments of a snapshot."""

    def __init__(self, lists: StoredLists, segments: Sequence[LexicalSegment], numbers: Sequence[int]) -> None: ...

    def combine(self, offsets: Annotated[NDArray[numpy.uint64], dict(shape=(None,), order='C', device='cpu', writable=False)], lists: Annotated[NDArray[numpy.uint32], dict(shape=(None,), order='C', device='cpu', writable=False)], scores: Annotated[NDArray[numpy.float32], dict(shape=(None,), order='C', device='cpu', writable=False)], k: int, allowed: Sequence[Annotated[NDArray[numpy.uint8], dict(shape=(None,), order='C', device='cpu', writable=False)]]) -> tuple:
        """
        Sums over lists, weighed by the softmax of their scores; returns (offsets, segments, rows, scores): query i has hits [offsets[i], offsets[i+1]).
        """

ZONE_ROWS: int = 4096

def encode_row_sets(rows: Annotated[NDArray[numpy.uint32], dict(shape=(None,), order='C', device='cpu', writable=False)], ends: Annotated[NDArray[numpy.uint64], dict(shape=(None,), order='C', device='cpu', writable=False)], row_count: int) -> tuple:
    """
    Compressed bitmaps, (bytes, offsets): set i has rows[ends[i - 1], ends[i]), which increase.
    """

def row_set_mask(bytes: Annotated[NDArray[numpy.uint8], dict(shape=(None,), order='C', device='cpu', writable=False)], begins: Annotated[NDArray[numpy.uint64], dict(shape=(None,), order='C', device='cpu', writable=False)], ends: Annotated[NDArray[numpy.uint64], dict(shape=(None,), order='C', device='cpu', writable=False)], row_count: int) -> Annotated[NDArray[numpy.uint8], dict(shape=(None,))]:
    """
    A mask of the rows of any of the sets bytes[begins[i], ends[i]); ValueError for damaged ones.
    """

def rows_mask(rows: Annotated[NDArray[numpy.uint32], dict(shape=(None,), order='C', device='cpu', writable=False)], row_count: int) -> Annotated[NDArray[numpy.uint8], dict(shape=(None,))]:
    """A mask of these rows; ValueError if one is not below `row_count`."""

@overload
def rank_mask(ranks: Annotated[NDArray[numpy.uint8], dict(shape=(None,), order='C', device='cpu', writable=False)], lows: Annotated[NDArray[numpy.uint32], dict(shape=(None,), order='C', device='cpu', writable=False)], highs: Annotated[NDArray[numpy.uint32], dict(shape=(None,), order='C', device='cpu', writable=False)], present: Annotated[NDArray[numpy.uint8], dict(shape=(None,), order='C', device='cpu', writable=False)], first: int, last: int) -> Annotated[NDArray[numpy.uint8], dict(shape=(None,))]:
    """A mask of the rows whose rank is in [first, last)."""

@overload
def rank_mask(ranks: Annotated[NDArray[numpy.uint32], dict(shape=(None,), order='C', device='cpu', writable=False)], lows: Annotated[NDArray[numpy.uint32], dict(shape=(None,), order='C', device='cpu', writable=False)], highs: Annotated[NDArray[numpy.uint32], dict(shape=(None,), order='C', device='cpu', writable=False)], present: Annotated[NDArray[numpy.uint8], dict(shape=(None,), order='C', device='cpu', writable=False)], first: int, last: int) -> Annotated[NDArray[numpy.uint8], dict(shape=(None,))]: ...

def count_bits(mask: Annotated[NDArray[numpy.uint8], dict(shape=(None,), order='C', device='cpu', writable=False)]) -> int:
    """How many bits of a mask are set."""

def union_of_documents(lists: Sequence[Annotated[NDArray[numpy.uint64], dict(shape=(None,), order='C', device='cpu', writable=False)]]) -> tuple:
    """
    (first, places): the documents of lists of numbers, each once. first[j] is where document j appears first in all lists, one after the other; places[i] are the documents of list i. ValueError for one that a list has twice.
    """
