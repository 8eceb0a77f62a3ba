"""Tables that take long to compute, kept on disk by the content of their inputs and of the code that makes them.

The folder is $CRSTREAM_CACHE, else the user's cache folder ($XDG_CACHE_HOME or ~/.cache, ~/Library/Caches on macOS,
%LOCALAPPDATA% on Windows) with crstream/tables in it; CRSTREAM_CACHE=off keeps nothing. A file is written aside, synced
and renamed, so a crash leaves the old file or none; whatever does not pass its checksum, or was made from other inputs
or other code, is ignored and made anew. A folder that cannot be written costs time, never a result.
"""

import hashlib
import io
import json
import os
import sys
import tempfile
import time
import zipfile
from contextlib import suppress
from pathlib import Path

import numpy as np

_MAGIC = b"crstream table 1\n"
_DIGEST = hashlib.sha256().digest_size
_LIMIT = 4096  # files; beyond it the oldest half goes
_ABANDONED = 3600.0  # seconds after which a file left aside by a crash is removed


def folder():
    """The folder of the tables as a Path (it need not exist), or None where the cache is off or the user has no home."""
    own = os.environ.get("CRSTREAM_CACHE")
    try:
        if own is not None:
            return None if own.strip().lower() in ("", "off") else Path(own).expanduser()
        if sys.platform == "darwin":
            base = Path.home() / "Library" / "Caches"
        elif sys.platform == "win32":
            base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
        else:
            base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    except RuntimeError:  # a user without HOME and without an account, as in some containers
        return None
    return base / "crstream" / "tables"


def code_tag(*modules):
    """A digest of the source of imported modules: another text of the code makes other files. None without a source."""
    digest = hashlib.sha256()
    try:
        for name in modules:
            digest.update(name.encode() + b"\0" + Path(sys.modules[name].__file__ or "").read_bytes() + b"\0")
    except OSError:
        return None
    return digest.hexdigest()


def key(name, tag, inputs):
    """Digest of a table's name, its code and its inputs: a dict of strings, numbers, bools, None and number arrays.

    Numbers count by their bits. TypeError for anything else.
    """
    digest = hashlib.sha256(json.dumps([name, tag]).encode())
    for label in sorted(inputs):
        value = inputs[label]
        if value is None or isinstance(value, str | bool):
            content = json.dumps(value).encode()
        elif isinstance(value, int | float | np.number | np.ndarray):
            array = np.ascontiguousarray(value, dtype="<f8")
            content = json.dumps(np.shape(value)).encode() + array.tobytes()
        else:
            raise TypeError(f"{label}: a cached table cannot depend on a {type(value).__name__}")
        digest.update(json.dumps([label, len(content)]).encode() + content)
    return digest.hexdigest()


def stored(name, tag, inputs, compute):
    """compute() -> dict of number arrays, or what an earlier call with the same name, tag and inputs returned.

    Raises what compute raises, and TypeError as `key`; never because of the cache. Nothing is kept for tag None.
    """
    where = folder()
    if where is None or tag is None:
        return compute()
    digest = key(name, tag, inputs)
    path = where / f"{name}-{digest[:40]}.table"
    found = _read(path, digest)
    if found is not None:
        return found
    tables = {label: np.asarray(value) for label, value in compute().items()}
    with suppress(OSError):
        _write(path, digest, tables)
    return tables


def _read(path, digest):
    """The tables in a file if it is whole and belongs to the digest, else None."""
    try:
        content = path.read_bytes()
        if not content.startswith(_MAGIC):
            return None
        checksum, body = content[len(_MAGIC) : len(_MAGIC) + _DIGEST], content[len(_MAGIC) + _DIGEST :]
        if hashlib.sha256(body).digest() != checksum or not body.startswith(digest.encode()):
            return None
        with np.load(io.BytesIO(body[len(digest) :]), allow_pickle=False) as tables:
            return {label: tables[label] for label in tables.files}
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None


def _write(path, digest, tables):
    buffer = io.BytesIO()
    np.savez(buffer, **tables)
    body = digest.encode() + buffer.getvalue()
    path.parent.mkdir(parents=True, exist_ok=True)
    _tidy(path.parent)
    handle, aside = tempfile.mkstemp(prefix=".", suffix=".part", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(_MAGIC + hashlib.sha256(body).digest() + body)
            file.flush()
            os.fsync(file.fileno())
        os.replace(aside, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(aside)
        raise
    if os.name == "posix":  # make the new name durable as well
        handle = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _tidy(where):
    """Remove what a crash left aside, and the oldest half of the tables when there are too many."""
    now, tables = time.time(), []
    for entry in os.scandir(where):
        with suppress(OSError):
            if entry.name.endswith(".part") and now - entry.stat().st_mtime > _ABANDONED:
                os.unlink(entry.path)
            elif entry.name.endswith(".table"):
                tables.append((entry.stat().st_mtime, entry.path))
    if len(tables) > _LIMIT:
        for _, path in sorted(tables)[: len(tables) // 2]:
            with suppress(OSError):
                os.unlink(path)
