"""Every error rocchio raises on purpose, and the exit code each family has on the command line.

::

    RocchioError
    ├── UserError              the caller can fix it
    │   ├── InvalidArgument    (also ValueError)    a value out of its range or of the wrong kind
    │   ├── NotFound           (also LookupError)   a path, collection, field or document that is not there
    │   ├── SchemaMismatch     (also TypeError)     a record that does not fit the collection's fields
    │   ├── DuplicateDocument  (also ValueError)    an `add` of a doc_id that is already in the collection
    │   ├── AccessDenied       a server refused a key: none, an unknown one, or one without the right
    │   └── LimitExceeded      more than a server takes: too long, too deep, too many
    ├── DataError              the bytes are wrong
    │   ├── BadRecord          (also ValueError)    one record of an input file: path, line, reason
    │   ├── Corruption         a damaged file of a collection: path, offset, reason
    │   └── IncompatibleFormat a file written by another format version: found, supported
    ├── BusyError              try again later: another process holds the writer lock
    ├── EncoderFailure         a model or an endpoint that did not give the vectors, or queries, it was asked for
    ├── ServerFailure          a server that did not answer, or not in the form of rocchio's server
    └── StorageFailure         (also OSError)       the disk refused: full, read-only, input/output error

Texts are lowercase without a full stop and say what was expected, what was found and what to do.
"""

from __future__ import annotations

from pathlib import Path


class RocchioError(Exception):
    """Base of every error that rocchio raises on purpose."""

    exit_code = 1


class UserError(RocchioError):
    """The caller can fix it."""

    exit_code = 2


class InvalidArgument(UserError, ValueError):
    """A value that is out of its range or of the wrong kind."""


class NotFound(UserError, LookupError):
    """A path, collection, field or document that does not exist."""


class SchemaMismatch(UserError, TypeError):
    """A record or a request that does not fit the fields of the collection."""


class DuplicateDocument(UserError, ValueError):
    """An `add` of a doc_id that the collection already has."""


class AccessDenied(UserError):
    """A server refused the request: no key, an unknown one, or one whose role does not allow it."""


class LimitExceeded(UserError):
    """More than a server takes in one request: too long, too deep, too many."""


class DataError(RocchioError):
    """Bytes that are not what they should be."""

    exit_code = 3


class BadRecord(DataError, ValueError):
    """One record of an input file that cannot be used.

    Attributes: `path` (file), `line` (1-based line or record number; 0 when the whole file is meant), `reason`.
    """

    def __init__(self, path: str | Path, line: int, reason: str) -> None:
        self.path, self.line, self.reason = str(path), line, reason
        super().__init__(f"{self.path}:{line}: {reason}" if line else f"{self.path}: {reason}")


class Corruption(DataError):
    """A file of a collection is damaged. Attributes: `path`, `offset` (bytes, or None), `reason`."""

    def __init__(self, path: str | Path, offset: int | None, reason: str) -> None:
        self.path, self.offset, self.reason = str(path), offset, reason
        place = f"{self.path} at byte {offset}" if offset is not None else self.path
        super().__init__(f"damaged file {place}: {reason}; restore it from a backup or a snapshot")


class IncompatibleFormat(DataError):
    """A file has a format version that this rocchio cannot read: a newer one, or one from before `oldest`.

    Attributes: `path`, `found`, `supported` (the newest readable version).
    """

    def __init__(self, path: str | Path, found: int, supported: int, oldest: int = 1) -> None:
        self.path, self.found, self.supported = str(path), found, supported
        reads = f"up to {supported}; upgrade rocchio"
        if type(found) is int and found < oldest:
            reads = f"from {oldest} on; index the documents anew"
        super().__init__(f"{self.path} has format version {found}, this rocchio reads {reads}")


class BusyError(RocchioError):
    """Another writer holds the collection; try again later."""

    exit_code = 4


class EncoderFailure(RocchioError):
    """A model or an endpoint did not give the vectors it was asked for: no answer, a refusal, a wrong answer."""

    exit_code = 6


class ServerFailure(RocchioError):
    """A server did not answer, failed, or gave an answer that is not of rocchio's server."""

    exit_code = 7


class StorageFailure(RocchioError, OSError):
    """The operating system refused a write or a read: disk full, no permission, input/output error."""

    exit_code = 5

    def __str__(self) -> str:
        return str(self.args[-1]) if self.args else ""  # without OSError's "[Errno 28]"
