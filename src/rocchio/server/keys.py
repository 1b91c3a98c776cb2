"""API keys: made here, shown once, kept as hashes in a JSON file.

A key is `rk_ID_SECRET` with a public id of 64 bits and a secret of 256 random bits. The file keeps SHA-256 of the
secret. A slow hash (scrypt, Argon2) protects passwords, which can be guessed; 256 random bits cannot, and a slow hash
at each request would be a way to keep the server busy.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import hmac
import json
import os
import re
import secrets
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rocchio.errors import BadRecord, InvalidArgument, NotFound, StorageFailure
from rocchio.storage.tenancy import check_tenant, is_tenant

ROLES = ("read", "write", "admin")
"""Each allows what those before it do."""
_KEY = re.compile(r"rk_([0-9a-f]{16})_([0-9A-Za-z_-]{43})")
_VERSION = 1


@dataclass(frozen=True)
class KeyInfo:
    """What is kept of a key: public id, hash of its secret (hex), role, tenant (None: all), note, time (ISO 8601)."""

    id: str
    sha256: str
    role: str
    tenant: str | None
    note: str
    created: str

    def allows(self, role: str) -> bool:
        """Whether its role includes `role`."""
        return ROLES.index(self.role) >= ROLES.index(role)


class KeyFile:
    """The keys of a file; read again when the file changes, so that a revoked key stops working at once."""

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._seen: tuple[int, int, int] | None = None
        self._keys: dict[str, KeyInfo] = {}

    def keys(self) -> list[KeyInfo]:
        """All keys, oldest first. Raises NotFound without the file, BadRecord for what is no file of keys."""
        try:
            now = self.path.stat()
        except OSError as error:
            raise NotFound(
                f"expected a file of keys at {self.path}, found none; make one: rocchio keys add {self.path}"
            ) from error
        seen = (now.st_mtime_ns, now.st_size, now.st_ino)
        if seen != self._seen:
            self._keys = _read(self.path)
            self._seen = seen
        return list(self._keys.values())

    def find(self, given: str) -> KeyInfo | None:
        """The key that was given, None if there is no such one."""
        self.keys()
        match = _KEY.fullmatch(given)
        found = self._keys.get(match[1]) if match else None
        if match is None or found is None or not hmac.compare_digest(_hash(match[2]), found.sha256):
            return None
        return found

    def add(self, role: str, tenant: str | None = None, note: str = "") -> tuple[str, KeyInfo]:
        """A new key and what is kept of it; the key itself cannot be shown again. Raises InvalidArgument."""
        if role not in ROLES:
            raise InvalidArgument(f"expected a role of {', '.join(ROLES)}, found {role!r}")
        if tenant is not None:
            check_tenant(tenant)
        if len(note) > 200:
            raise InvalidArgument(f"expected a note of at most 200 characters, found {len(note)}")
        number, secret = secrets.token_hex(8), secrets.token_urlsafe(32)
        created = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
        info = KeyInfo(number, _hash(secret), role, tenant, note, created)
        with self._changing() as keys:
            keys[number] = info
        return f"rk_{number}_{secret}", info

    def revoke(self, key_id: str) -> KeyInfo:
        """Remove a key by its id. Raises NotFound."""
        with self._changing() as keys:
            if key_id not in keys:
                raise NotFound(f"expected the id of a key in {self.path}, found {key_id!r}; see rocchio keys list")
            return keys.pop(key_id)

    @contextlib.contextmanager
    def _changing(self) -> Iterator[dict[str, KeyInfo]]:
        keys = _read(self.path) if self.path.exists() else {}
        yield keys
        _write(self.path, keys)
        self._seen = None


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _read(path: Path) -> dict[str, KeyInfo]:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        if data["version"] != _VERSION:
            raise BadRecord(path, 0, f"expected keys of version {_VERSION}, found {data['version']!r}")
        keys = [_checked(entry) for entry in data["keys"]]
    except OSError as error:
        raise StorageFailure(error.errno or 0, f"cannot read the keys {path}: {error.strerror}") from error
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        if isinstance(error, BadRecord):
            raise
        raise BadRecord(path, 0, f"not a file of keys: {error}") from error
    return {key.id: key for key in keys}


def _checked(entry: Any) -> KeyInfo:
    key = KeyInfo(**entry)
    if key.role not in ROLES or not re.fullmatch(r"[0-9a-f]{64}", key.sha256):
        raise ValueError(f"the key {key.id!r} has no known role or no hash")
    if key.tenant is not None and not is_tenant(key.tenant):
        raise ValueError(f"the key {key.id!r} has no usable tenant")
    return key


def _write(path: Path, keys: dict[str, KeyInfo]) -> None:
    """Whole or not at all, readable by its owner only."""
    text = json.dumps({"version": _VERSION, "keys": [asdict(key) for key in keys.values()]}, indent=2) + "\n"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=path.name, dir=path.parent)  # made with mode 600
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as out:
                out.write(text)
                out.flush()
                os.fsync(out.fileno())
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise StorageFailure(error.errno or 0, f"cannot write the keys {path}: {error.strerror}") from error
