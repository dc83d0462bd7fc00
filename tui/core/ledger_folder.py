"""Where ledgers lie: one is begun, found again after a crash, and held by one process at a time."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import secrets
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, Final

from tui.core.errors import UserError
from tui.core.ledger import Intent, Interrupted, Ledger, Owner, State, unlink
from tui.core.ledger_log import append, line_of, records
from tui.core.publish import sync_folder

LOCK_TRIES: Final = 20  # somebody who only looks holds a lock for a moment
LOCK_SECONDS: Final = 0.05
MOST_ITEMS: Final = 100_000_000  # a damaged number must not take all memory
ROWS_AT_ONCE: Final = 1_000

Row = Sequence[Any]


class LedgerFolder:
    """The ledgers of this machine's user, as one connection sees them. Methods block."""

    def __init__(self, folder: Path, owner: Owner) -> None:
        self._folder = folder
        self.owner = owner

    def begin(self, intent: Intent, rows: Iterable[Row]) -> Ledger:
        """Begin a ledger and hold it; the disk has the whole plan before this ends.

        Raises:
            OSError: it can't be written there.
        """
        intent = replace(intent, owner=self.owner)
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        while True:
            stem = self._folder / intent.id
            handle = _opened(stem, os.O_CREAT | os.O_EXCL)
            try:
                held = _locked(handle) and os.fstat(handle).st_nlink
            except OSError:
                _forget(stem, handle)
                raise
            if held:
                break
            os.close(handle)  # a look around has swept it away as empty
            intent = replace(intent, id=new_id())
        try:
            _write_rows(stem, rows)
            append(handle, line_of(asdict(intent)))
            sync_folder(self._folder)
        except BaseException:
            _forget(stem, handle)
            raise
        return Ledger(intent, None, stem, handle)

    def open(self, ledger_id: str) -> Ledger:
        """Hold a ledger that nobody holds, with all that it says.

        Raises:
            UserError: another app works on that job, or it is gone, or can't be read or written.
        """
        stem = self._folder / ledger_id
        if Path(ledger_id).name != ledger_id:
            raise _gone()
        try:
            handle = _opened(stem)
        except FileNotFoundError as error:
            raise _gone() from error
        except OSError as error:
            raise _refused(error) from error
        try:
            _hold(handle)
            read = _read(handle)
            if read is None or not os.fstat(handle).st_nlink:
                raise _gone()
            _end_whole(handle)
        except OSError as error:
            os.close(handle)
            raise _refused(error) from error
        except BaseException:
            os.close(handle)
            raise
        ledger = Ledger(*read, stem, handle)
        ledger.reopened = ledger.resumed = True
        return ledger

    def rows(self, ledger_id: str) -> Iterator[list[Any]]:
        """Yield the rows of a ledger's plan.

        Raises:
            UserError: they are gone or damaged.
        """
        try:
            with (self._folder / f"{ledger_id}.rows").open(encoding="ascii") as lines:
                for line in lines:
                    yield json.loads(line)
        except (OSError, ValueError) as error:
            raise UserError(
                "Can't go on with that job",
                "its plan can't be read any more",
                "Start it anew.",
            ) from error

    def interrupted(self) -> tuple[Interrupted, ...]:
        """The jobs that nobody works on and that have not ended, oldest first.

        What is left of others is swept away: of jobs that never began, or that are all done. What
        can't be read, or is a newer app's, stays as it is.
        """
        found: list[Interrupted] = []
        for ledger_id in self._ids():
            with suppress(OSError, UserError):
                if (one := self._looked_at(ledger_id)) is not None:
                    found.append(one)
        return tuple(sorted(found, key=lambda one: one.begun_at))

    def _ids(self) -> list[str]:
        try:
            names = sorted(path.name for path in self._folder.iterdir())
        except OSError:
            return []
        ids = [name.removesuffix(".jsonl") for name in names if name.endswith(".jsonl")]
        known = set(ids)
        for name in names:
            stem = self._folder / name.removesuffix(".rows")
            # One that is just being begun may be listed by half.
            if name.endswith(".rows") and stem.name not in known and not _is_there(stem):
                unlink(stem)
        return ids

    def _looked_at(self, ledger_id: str) -> Interrupted | None:
        stem = self._folder / ledger_id
        handle = _opened(stem)
        try:
            if not _locked(handle):
                return None
            read = _read(handle)
            if read is None or (_all_done(read[1])):
                unlink(stem)
                return None
            return self._told(*read)
        finally:
            os.close(handle)

    def _told(self, intent: Intent, state: State) -> Interrupted:
        whose = intent.owner
        return Interrupted(
            id=intent.id,
            verb=intent.verb,
            subject=intent.subject,
            bucket=intent.bucket,
            account=whose.account,
            place=whose.place,
            profile=whose.profile,
            region=whose.region,
            begun_at=datetime.fromisoformat(intent.made_at),
            items_done=state.items_done,
            items_total=intent.items,
            bytes_done=state.bytes_done + state.open_bytes,
            bytes_total=intent.size_bytes,
            mine=(whose.account, whose.place) == (self.owner.account, self.owner.place),
        )


def new_id() -> str:
    """A name that sorts by time and that nobody can guess."""
    return f"{time.time_ns() // 1_000_000:x}-{secrets.token_hex(6)}"


def new_intent(  # noqa: PLR0917 - what an intent is
    kind: str, verb: str, subject: str, bucket: str, items: int, size_bytes: int, **about: Any
) -> Intent:
    """What is about to be done, now."""
    now = datetime.now(UTC).isoformat()
    return Intent(new_id(), kind, verb, subject, bucket, items, size_bytes, about, Owner(), now)


def _opened(stem: Path, more: int = 0) -> int:
    flags = os.O_RDWR | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC | more
    return os.open(stem.with_name(f"{stem.name}.jsonl"), flags, 0o600)


def _is_there(stem: Path) -> bool:
    return stem.with_name(f"{stem.name}.jsonl").exists()


def _forget(stem: Path, handle: int) -> None:
    unlink(stem)
    os.close(handle)


def _locked(handle: int) -> bool:
    """Take the lock, if it is free.

    Raises:
        OSError: this disk has no locks.
    """
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in (errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES):
            return False
        raise
    return True


def _hold(handle: int) -> None:
    for _ in range(LOCK_TRIES):
        if _locked(handle):
            return
        time.sleep(LOCK_SECONDS)
    raise UserError(
        "Can't go on with that job",
        "another Skydeck is working on it",
        "Look at its jobs, or end it first.",
        code="Held",
    )


def _gone() -> UserError:
    return UserError(
        "Can't go on with that job",
        "it has ended, or was cleaned up, meanwhile",
        "Start it anew if it is still wanted.",
        code="Gone",
    )


def _refused(error: OSError) -> UserError:
    why = (error.strerror or type(error).__name__).lower()
    return UserError(
        "Can't go on with that job",
        f"its journal can't be read or written: {why}",
        "Make room, or allow it, then try again.",
    )


def _read(handle: int) -> tuple[Intent, State] | None:
    """What a ledger says; None where it was never begun.

    Raises:
        UserError: it can't be understood: it is damaged, or a newer app's.
    """
    with os.fdopen(os.dup(handle), "rb") as file:
        file.seek(0)
        first = file.readline()
        if not first.endswith(b"\n"):
            return None
        intent = _intent_of(next(records((first,)), {}))
        state = State(intent.items)
        for record in records(file):
            with suppress(ValueError, TypeError, LookupError):
                state.take(record)
    return intent, state


def _intent_of(record: dict[str, Any]) -> Intent:
    try:
        owner, payers = Owner(**record["owner"]), tuple(record["payers"])
        intent = Intent(**{**record, "owner": owner, "payers": payers})
        if _makes_sense(intent):
            return intent
    except (ValueError, TypeError, LookupError):
        pass
    raise UserError(
        "Can't go on with that job",
        "its journal is damaged, or a newer Skydeck's",
        "Start the newest one.",
    )


def _makes_sense(intent: Intent) -> bool:
    owner, counts = intent.owner, (intent.items, intent.size_bytes)
    texts = (intent.id, intent.kind, intent.verb, intent.subject, intent.bucket, *intent.payers)
    whose = (owner.account, owner.place, owner.profile, owner.region)
    return (
        all(isinstance(one, str) for one in (*texts, *whose))
        and all(isinstance(one, int) and one >= 0 for one in counts)
        and intent.items <= MOST_ITEMS
        and isinstance(intent.about, dict)
        and datetime.fromisoformat(intent.made_at).tzinfo is not None
    )


def _all_done(state: State) -> bool:
    return state.items_done == len(state.done) and not state.uploads and not state.downloads


def _end_whole(handle: int) -> None:
    """End a torn record, so that it doesn't swallow the next."""
    size = os.fstat(handle).st_size
    if size and os.pread(handle, 1, size - 1) != b"\n":
        append(handle, b"\n")


def _write_rows(stem: Path, rows: Iterable[Row]) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    handle = os.open(stem.with_name(f"{stem.name}.rows"), flags, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        _write(file, rows)
        file.flush()
        os.fsync(file.fileno())


def _write(file: IO[str], rows: Iterable[Row]) -> None:
    encode = json.JSONEncoder(separators=(",", ":")).encode
    waiting: list[str] = []
    for row in rows:
        waiting.append(encode(row))
        if len(waiting) == ROWS_AT_ONCE:
            file.write("\n".join(waiting) + "\n")
            waiting.clear()
    file.writelines(line + "\n" for line in waiting)
