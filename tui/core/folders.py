"""Folders below a root, reached by open handles instead of paths.

A path is looked up anew at every call, and whoever may write into a folder can put a symbolic link
in its place between two calls. A handle stays what it was when it was opened. So each folder is
opened from the one above it, and no step follows a link by itself: a link that leads to somewhere
below the root is walked along, any other is refused. Every method blocks.
"""

from __future__ import annotations

import errno
import os
import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tui.core import publish
from tui.core.local_names import is_inside, leads_out

MOST_IDLE: Final = 32  # folders that stay open while nobody uses them
_MOST_LINKS: Final = 40  # on one way, as Linux allows
_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NO_FOLDER: Final = (errno.ENOTDIR, errno.ELOOP)  # what a link is called differs by system


class _Open:
    """One open folder. Its tree counts who uses it."""

    def __init__(self, handle: int) -> None:
        self.handle = handle
        self.same = _mark(os.fstat(handle))
        self.users = 1
        self._turn = threading.Lock()
        self._lock = threading.Lock()
        self._begun = self._ended = 0

    def sync(self) -> None:
        """Have the folder's entries on the disk; who asks while others wait shares one write.

        Not every file system can, so errors are left.
        """
        with self._lock:
            wanted = self._begun + 1  # what is under way may have begun too early
        with self._turn:
            if self._ended >= wanted:
                return
            with self._lock:
                self._begun += 1
            with suppress(OSError):
                os.fsync(self.handle)
            self._ended = self._begun


@dataclass(frozen=True, slots=True)
class Spot:
    """A name in an open folder. `path` is where it was looked for, for sentences only."""

    path: Path
    name: str
    _folder: _Open

    @property
    def folder(self) -> int:
        """The folder's handle, for calls that take a `dir_fd`; valid inside `Tree.spot`."""
        return self._folder.handle

    def beside(self, path: Path, name: str) -> Spot:
        """Another place in the same folder, good for as long."""
        return Spot(path, name, self._folder)

    def status(self, name: str | None = None) -> os.stat_result | None:
        """What stands there under the name, or another; None for nothing."""
        try:
            return os.stat(name or self.name, dir_fd=self.folder, follow_symlinks=False)
        except FileNotFoundError:
            return None

    def open(self, name: str, flags: int, mode: int = 0o666) -> int:
        """Open a file of the folder; a link is an OSError."""
        return os.open(name, flags | os.O_NOFOLLOW | os.O_CLOEXEC, mode, dir_fd=self.folder)

    def holds(self, name: str, handle: int) -> bool:
        """Whether a name of the folder is the open file's."""
        there = self.status(name)
        return there is not None and _mark(there) == _mark(os.fstat(handle))

    def replace(self, name: str) -> None:
        """Give the file of another name this one, whatever stands there."""
        os.replace(name, self.name, src_dir_fd=self.folder, dst_dir_fd=self.folder)

    def add(self, name: str) -> None:
        """Have the file of another name this one too, or instead.

        Raises:
            FileExistsError: something stands there; it is kept.
        """
        publish.add(name, self.name, self.folder)

    def unlink(self, name: str) -> None:
        """Remove a name of the folder."""
        os.unlink(name, dir_fd=self.folder)

    def sync(self) -> None:
        """Have the folder's entries on the disk, as far as it can be had."""
        self._folder.sync()


class Tree:
    """The folders below one root. Any thread may use it; `close` it, or use it in a `with`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._lock = threading.Lock()
        self._open: OrderedDict[tuple[str, ...], _Open] = OrderedDict()
        self._root: _Open | None = None

    def __enter__(self) -> Tree:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def spot(self, path: Path) -> Iterator[Spot]:
        """The place of a file below the root; folders that are missing are made.

        Raises:
            UnsafeName: a link on the way leads out of the root.
            OSError: a folder can't be made or opened.
        """
        *above, name = path.relative_to(self.root).parts
        folder = self._walk(above)
        try:
            yield Spot(path, name, folder)
        finally:
            self._leave(folder)

    def make(self, path: Path) -> None:
        """Make a folder below the root, or the root itself, and those above it.

        Raises:
            UnsafeName: a link on the way leads out of the root.
            OSError: a file is in the way, or it can't be made.
        """
        self._leave(self._walk(path.relative_to(self.root).parts))

    def close(self) -> None:
        """Close what nobody uses, and the rest as soon as nobody does."""
        with self._lock:
            folders = [*self._open.values(), *([self._root] if self._root else [])]
            self._open.clear()
            self._root = None
            for folder in folders:
                self._drop(folder)

    def _walk(self, parts: Sequence[str]) -> _Open:
        """Open folder after folder; the last is the caller's to leave."""
        for _ in range(_MOST_LINKS):
            folder = self._start()
            for number, part in enumerate(parts):
                try:
                    step = self._step(folder, (*parts[:number], part))
                finally:
                    self._leave(folder)
                if isinstance(step, str):
                    parts = [*self._real(parts[:number], step), *parts[number + 1 :]]
                    break
                folder = step
            else:
                return folder
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))

    def _real(self, above: Sequence[str], link: str) -> list[str]:
        """Where a link leads, as folders below the root; they are walked like any others."""
        root = os.path.realpath(self.root)
        real = os.path.realpath(Path(root, *above, link))
        if not is_inside(root, real):
            raise leads_out(self.root)
        return [part for part in real[len(root) :].split("/") if part]

    def _start(self) -> _Open:
        """The root, opened once."""
        known = self._held(self._root)
        if known is not None:
            return known
        opened = self._opened_root()
        with self._lock:
            if self._root is None:
                self._root = opened
            else:  # another thread was first
                self._drop(opened)
            self._root.users += 1
            return self._root

    def _held(self, folder: _Open | None) -> _Open | None:
        with self._lock:
            if folder is None or not folder.users:
                return None
            folder.users += 1
            return folder

    def _opened_root(self) -> _Open:
        try:
            self.root.mkdir(parents=True, exist_ok=True)
        except FileExistsError:
            raise NotADirectoryError(errno.ENOTDIR, "a file is in the way") from None
        # The root may be a link: it is the folder that somebody chose.
        return _Open(os.open(self.root, _FOLDER & ~os.O_NOFOLLOW))

    def _step(self, above: _Open, name: tuple[str, ...]) -> _Open | str:
        """The folder of a name, or what the link there says."""
        part = name[-1]
        if (known := self._known(above, name)) is not None:
            return known
        try:
            handle = self._opened(above, part)
        except OSError as error:
            if error.errno not in _NO_FOLDER:
                raise
            try:
                return os.readlink(part, dir_fd=above.handle)
            except OSError:
                raise NotADirectoryError(errno.ENOTDIR, "a file is in the way") from None
        folder = _Open(handle)
        with self._lock:
            if (other := self._open.pop(name, None)) is not None:
                self._drop(other)
            folder.users += 1  # this dictionary's own
            self._open[name] = folder
            self._close_idle()
        return folder

    def _known(self, above: _Open, name: tuple[str, ...]) -> _Open | None:
        """A folder that is open, if it still stands where it stood."""
        with self._lock:
            folder = self._open.get(name)
            if folder is None:
                return None
            folder.users += 1
            self._open.move_to_end(name)
        with suppress(OSError):
            there = os.stat(name[-1], dir_fd=above.handle, follow_symlinks=False)
            if _mark(there) == folder.same:
                return folder
        with self._lock:
            if self._open.get(name) is folder:
                del self._open[name]
                self._drop(folder)
        self._leave(folder)
        return None

    @staticmethod
    def _opened(above: _Open, part: str) -> int:
        try:
            return os.open(part, _FOLDER, dir_fd=above.handle)
        except FileNotFoundError:
            with suppress(FileExistsError):
                os.mkdir(part, dir_fd=above.handle)
                above.sync()  # or a file in it might be there without it, after a crash
        return os.open(part, _FOLDER, dir_fd=above.handle)

    def _close_idle(self) -> None:
        if len(self._open) <= MOST_IDLE:
            return
        for name, folder in list(self._open.items())[: len(self._open) - MOST_IDLE]:
            if folder.users == 1:
                del self._open[name]
                self._drop(folder)

    def _leave(self, folder: _Open) -> None:
        with self._lock:
            self._drop(folder)

    @staticmethod
    def _drop(folder: _Open) -> None:
        folder.users -= 1
        if not folder.users:
            os.close(folder.handle)


def _mark(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino
