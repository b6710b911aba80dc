"""Notices that files have changed: the configuration, and the secrets that it names.

The folders are watched and not the files, since editors put another file in a file's place, and Kubernetes another
folder behind a link. What an event is about does not matter: the contents tell. They are looked at every few seconds
besides, for file systems that tell nothing.
"""

from __future__ import annotations

import hashlib
import logging
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import trio

log = logging.getLogger("sluicegate.reload")
QUIET = 0.2
"""Seconds without a further change, after which files are taken as written to their end."""
LOOK = 5.0
"""Seconds after which to look without having been told."""


async def watch(files: Callable[[], Sequence[Path]], changed: Callable[[], None]) -> None:
    """Call ``changed`` whenever a file holds something else than before, for ever. A checkpoint.

    Args:
        files: Returns the files, which may be others after a change.
    """
    if not files():
        log.warning("server.watch has no effect: the configuration came from no file")
        return
    seen = await trio.to_thread.run_sync(fingerprint, files())
    while True:
        watched = folders(files())
        stop = threading.Event()
        try:
            events = _events(watched, stop)
            while watched == folders(files()):
                # In a thread that is left alone at the end, which it then reaches by itself within a moment.
                await trio.to_thread.run_sync(next, events, None, abandon_on_cancel=True)
                now = await trio.to_thread.run_sync(fingerprint, files())
                if any(now[file] != digest for file, digest in seen.items() if file in now):
                    changed()
                seen = now
        except (OSError, RuntimeError) as error:  # the latter for what the system itself refuses
            log.warning("changes of the configuration are not told by the system: %s", error)
            await trio.sleep(LOOK)
        finally:
            stop.set()


def folders(files: Iterable[Path]) -> frozenset[Path]:
    """Return the folders that files are in, as they are named."""
    return frozenset(file.absolute().parent for file in files)


def fingerprint(files: Iterable[Path]) -> dict[Path, bytes]:
    """Return something that is another if a file holds something else, or has come or gone. Blocks."""
    return {file: _digest(file) for file in files}


def _digest(file: Path) -> bytes:
    try:
        return hashlib.sha256(file.read_bytes()).digest()
    except OSError:
        return b""


def _events(watched: Iterable[Path], stop: threading.Event) -> Iterator[Any]:
    """Return what yields when something happens in folders, and every few seconds, until ``stop`` is set."""
    import watchfiles  # few ask for it

    return watchfiles.watch(
        *watched,
        watch_filter=None,
        step=round(QUIET * 1000),
        rust_timeout=round(LOOK * 1000),
        yield_on_timeout=True,
        stop_event=stop,
        recursive=False,
        raise_interrupt=False,
    )
