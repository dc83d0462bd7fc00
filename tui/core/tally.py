"""Objects added up by folder, storage class and age, in bounded memory.

A bucket may have more folders than fit, so beyond a limit the smallest are folded into their
parent's `rest`: every sum stays exact, only the folded folders' own lines are gone. Keys that come
in order (as S3 lists them) never split a folder; where they do not, a folder that may have been
folded before is marked as `least`.
"""

from __future__ import annotations

import heapq
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from tui.core.packed import packed
from tui.core.records import S3Object

AGES = (
    ("under a day", timedelta(days=1)),
    ("under a week", timedelta(days=7)),
    ("under 30 days", timedelta(days=30)),
    ("under 90 days", timedelta(days=90)),
    ("under a year", timedelta(days=365)),
    ("older", timedelta.max),
)
FOLDERS_AT_MOST = 10_000
LINES = 1_000  # folders of one folder that are told apart: nobody reads more
DEEPEST = 60  # levels; a key of 1,024 slashes would have as many
ADDED_UP = 200  # folders: of so many below it, a folder knows their sum by kind
LARGEST = 200  # single objects that are known by name

Cell = list[int]  # [objects, bytes]
Cells = dict[tuple[str, int], Cell]  # (storage class, index into AGES) -> what there is of it


class Node:
    """One folder of the tree, or its root.

    Attributes:
        name: its last part with the slash; the whole prefix for the root.
        cells: the objects that lie in it directly.
        rest: what its folded folders hold, and how many these are.
        least: true where a part of it may have been folded before.
        deeper: true where its `cells` hold folders below the deepest level too.
        objects, size_bytes: everything below, once `Tally.sum_up` ran.
        kinds: of a folder with many below it, all of their cells added up, once it ran.
    """

    __slots__ = (
        "cells",
        "children",
        "deeper",
        "kinds",
        "least",
        "name",
        "objects",
        "parent",
        "rest",
        "rest_folders",
        "size_bytes",
    )

    def __init__(self, name: str, parent: Node | None) -> None:
        self.name, self.parent = name, parent
        self.children: dict[str, Node] = {}
        self.cells: Cells = {}
        self.rest: Cells = {}
        self.rest_folders = 0
        self.least = self.deeper = False
        self.objects = self.size_bytes = 0
        self.kinds: Cells | None = None

    @property
    def prefix(self) -> str:
        """The whole prefix."""
        parts, node = [], self
        while node.parent is not None:
            parts.append(node.name)
            node = node.parent
        return node.name + "".join(reversed(parts))

    def walk(self) -> Iterator[Node]:
        """It and all below, parents first."""
        waiting = [self]
        while waiting:
            node = waiting.pop()
            yield node
            waiting += node.children.values()


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a folder's contents.

    Attributes:
        kind: "folder", "object", "here" (the other objects right here), "rest" (small folders).
        count: of "rest", how many folders.
    """

    kind: str
    key: str
    objects: int
    size_bytes: int
    least: bool = False
    count: int = 0


class Tally:
    """Adds up rows; pages may be added from any thread, one at a time."""

    def __init__(self, prefix: str, now: datetime, limit: int = FOLDERS_AT_MOST) -> None:
        self.root = Node(prefix, None)
        self.now = now
        self._limit = limit
        # Ascending, in seconds since 1970; the last age has no bound.
        self._bounds = [(now - span).timestamp() for _, span in reversed(AGES[:-1])]
        self._folders = 0
        self._at: tuple[str, Node] | None = None  # where the last row was
        self._folded_until = ""
        self._highest = ""
        self._kinds: dict[tuple[str, int], tuple[str, int]] = {}
        self._largest: list[tuple[int, str]] = []  # a heap

    def add(self, rows: Sequence[S3Object]) -> None:
        """Count a page."""
        folder, node = self._at or (self.root.name, self.root)
        bounds, largest, oldest = self._bounds, self._largest, len(AGES) - 1
        page = packed(rows)
        columns = zip(page.keys, page.sizes, page.stamps, page.kind_column(), strict=True)
        for key, size, stamp, storage_class in columns:
            here = key[: key.rfind("/") + 1]
            if here != folder:
                folder, node = here, self._node(here)
            kind = (storage_class, oldest - bisect_right(bounds, stamp))
            cell = node.cells.get(kind)
            if cell is None:
                cell = node.cells[self._kinds.setdefault(kind, kind)] = [0, 0]
            cell[0] += 1
            cell[1] += size
            if len(largest) < LARGEST:
                heapq.heappush(largest, (size, key))
            elif size > largest[0][0]:
                heapq.heapreplace(largest, (size, key))
        self._at = (folder, node)
        if self._folders > self._limit:
            self._fold(node)

    def sum_up(self) -> None:
        """Have every folder know what lies below it."""
        self._sum()
        below: dict[Node, int] = {}
        for node in reversed(list(self.root.walk())):
            below[node] = 1 + sum(below.pop(child) for child in node.children.values())
            node.kinds = None
            if below[node] >= ADDED_UP:
                node.kinds = _added(node)

    def _sum(self) -> None:
        for node in reversed(list(self.root.walk())):
            objects = size = 0
            for cells in (node.cells, node.rest) if node.rest else (node.cells,):
                for cell in cells.values():
                    objects += cell[0]
                    size += cell[1]
            for child in node.children.values():
                objects += child.objects
                size += child.size_bytes
            node.objects, node.size_bytes = objects, size

    def entries(self, node: Node) -> list[Entry]:
        """What lies in a folder, the largest first; what has no line of its own last."""
        prefix = node.prefix
        children = heapq.nlargest(LINES, node.children.values(), key=_by_size)
        found = [
            Entry("folder", prefix + child.name, child.objects, child.size_bytes, child.least)
            for child in children
        ]
        known = [
            Entry("object", key, 1, size)
            for size, key in self._largest
            if key.startswith(prefix) and "/" not in key[len(prefix) :]
        ]
        here, below = _summed(node.cells), (node.objects, node.size_bytes)
        rest = [
            (sum(e.objects for e in some), sum(e.size_bytes for e in some))
            for some in (known, found)
        ]
        found += known
        found.sort(key=lambda entry: (-entry.size_bytes, -entry.objects, entry.key))
        if objects := here[0] - rest[0][0]:
            found.append(Entry("here", prefix, objects, here[1] - rest[0][1]))
        if folders := node.rest_folders + len(node.children) - len(children):
            objects = below[0] - here[0] - rest[1][0]
            size = below[1] - here[1] - rest[1][1]
            found.append(Entry("rest", prefix, objects, size, count=folders))
        return found

    def by_class(self, node: Node) -> dict[str, tuple[int, int]]:
        """Storage class -> (objects, bytes) of all below a folder."""
        return {str(name): cell for name, cell in _by_part(node, 0).items()}

    def by_age(self, node: Node) -> list[tuple[str, int, int]]:
        """(age in words, objects, bytes) of all below a folder, the newest first."""
        cells = _by_part(node, 1)
        none = (0, 0)
        return [(words, *cells.get(at, none)) for at, (words, _) in enumerate(AGES)]

    def _node(self, folder: str) -> Node:
        """The node of a folder below the root, made where it is missing."""
        node, at, depth = self.root, len(self.root.name), 0
        while at < len(folder):
            if depth == DEEPEST:
                node.deeper = True
                break
            end = folder.index("/", at) + 1
            name = folder[at:end]
            child = node.children.get(name)
            if child is None:
                child = node.children[name] = Node(name, node)
                if node.rest_folders or node.least:
                    child.least = node.least or folder[:end] <= self._folded_until
                self._folders += 1
            node, at, depth = child, end, depth + 1
        self._highest = max(self._highest, folder)
        return node

    def _fold(self, current: Node) -> None:
        """Fold the smallest folders until a quarter of the limit is left."""
        self._sum()
        path = set()
        step: Node | None = current
        while step is not None:
            path.add(step)
            step = step.parent
        nodes = list(self.root.walk())
        # Of folders of one size the deeper go first, so that a parent never goes before its child.
        sizes = [node.size_bytes for node in nodes]
        order = sorted(range(len(nodes) - 1, -1, -1), key=sizes.__getitem__)
        for at in order[: len(nodes) - self._limit // 4]:
            node = nodes[at]
            if node in path or node.parent is None or node.children:
                continue
            parent = node.parent
            for cells in (node.cells, node.rest):
                for kind, (objects, size) in cells.items():
                    cell = parent.rest.setdefault(kind, [0, 0])
                    cell[0] += objects
                    cell[1] += size
            parent.rest_folders += 1 + node.rest_folders
            del parent.children[node.name]
            self._folders -= 1
        self._folded_until = self._highest


def _by_size(node: Node) -> tuple[int, int]:
    return node.size_bytes, node.objects


def _summed(cells: Cells) -> tuple[int, int]:
    return sum(cell[0] for cell in cells.values()), sum(cell[1] for cell in cells.values())


def _by_part(node: Node, part: int) -> dict[str | int, tuple[int, int]]:
    """All cells below, added up by one part of their kind."""
    made: dict[str | int, tuple[int, int]] = {}
    for kind, (objects, size) in (node.kinds or _added(node)).items():
        before = made.get(kind[part], (0, 0))
        made[kind[part]] = before[0] + objects, before[1] + size
    return made


def _added(node: Node) -> Cells:
    """All cells of a folder and below it, added up."""
    made: Cells = {}
    waiting = [node]
    while waiting:
        one = waiting.pop()
        if one.kinds is None:
            waiting += one.children.values()
        for cells in (one.cells, one.rest) if one.kinds is None else (one.kinds,):
            for kind, (objects, size) in cells.items():
                cell = made.setdefault(kind, [0, 0])
                cell[0] += objects
                cell[1] += size
    return made
