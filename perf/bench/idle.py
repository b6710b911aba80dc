"""Idle connections to a gateway of several processes, held by as many others."""

from __future__ import annotations

import math
import multiprocessing
import resource
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from multiprocessing.connection import Connection
from random import Random

from ..load.reader import Reader
from ..load.shots import chats
from ..load.target import Target
from ..processes import simulator
from ..usage import memory
from .rows import Row, Told, at_least, at_most
from .stand import MODEL, Stand, upstream

SAMPLE = 1000
PATIENCE = 120.0
"""Seconds in which one answer must come; the machine is busy while connections are made."""
SETTLE = 3.0
"""Seconds of quiet before memory is read: no connection's last request is still being accounted for."""
SHARE = 0.75
"""Of the descriptors of a process that its connections may take on average: accepting is not even."""
_BIND_LATER = 24
"""Linux's IP_BIND_ADDRESS_NO_PORT, ip(7): the port is chosen when connecting, and so may be in use for other peers."""


def descriptors() -> int:
    """Let this process, and those that it starts, open as many files as the system allows; return how many."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    most = 2**20 if hard == resource.RLIM_INFINITY else hard
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    return most


def processes_for(connections: int, limit: int) -> int:
    """Return how many processes these connections need where each may have ``limit`` descriptors."""
    return max(1, math.ceil(connections / (limit * SHARE)))


def ask(sock: socket.socket, request: bytes) -> bool:
    """Send a request on an open connection; say whether its whole answer came and was good."""
    reader = Reader(False)
    try:
        sock.sendall(request)
        while not reader.done:
            data = sock.recv(65536)
            if data:
                reader.feed(data, 0.0)
            else:
                reader.end()
    except OSError:
        return False
    return reader.error is None and reader.keep


def hold(pipe: Connection, target: Target, source: str, count: int, first: int) -> None:
    """Open connections from an address, use each once, and keep them; then use some again, as the pipe says."""
    requests = chats(MODEL, size=200, start=first)
    held = []
    for shot in islice(requests, count):
        sock = socket.socket(target.family)
        sock.settimeout(PATIENCE)
        try:
            sock.setsockopt(socket.IPPROTO_IP, _BIND_LATER, 1)
            sock.bind((source, 0))
            sock.connect(target.address)
        except OSError:
            sock.close()
            continue
        if ask(sock, target.encode(shot)):
            held.append(sock)
    pipe.send(len(held))
    wanted = pipe.recv()
    chosen = Random(first).sample(held, min(wanted, len(held)))
    pipe.send(sum(ask(sock, target.encode(shot)) for sock, shot in zip(chosen, requests, strict=False)))
    pipe.recv()


@dataclass(frozen=True, slots=True)
class Held:
    """What became of idle connections.

    Attributes:
        connections: Those that were open at once, each used for one request before.
        each: Bytes of the gateway's memory that one of them took.
        asked: Of them, asked again while all the others stayed open.
        answered: Of those, answered well.
    """

    connections: int
    each: float
    asked: int
    answered: int


def hold_all(target: Target, pid: int, counts: list[int], sample: int, weigh: Callable[[int], int] = memory) -> Held:
    """Open connections from as many processes as there are counts, each from an address of its own.

    Args:
        pid: Of the gateway.
        counts: The connections of each process.
        sample: How many are used again, of each process the same share.
        weigh: Tells the bytes that the gateway takes. Few connections are less than what it varies by on its own.
    """
    idle = weigh(pid)
    spawn = multiprocessing.get_context("spawn")
    pipes, holders = [], []
    for place, count in enumerate(counts):
        ours, theirs = spawn.Pipe()
        arguments = (theirs, target, f"127.0.0.{place + 2}", count, (place + 1) << 40)
        holders.append(spawn.Process(target=hold, args=arguments, daemon=True))
        pipes.append(ours)
    for holder in holders:
        holder.start()
    connections = sum(pipe.recv() for pipe in pipes)
    time.sleep(SETTLE)
    each = (weigh(pid) - idle) / max(1, connections)
    asked = [sample * (place + 1) // len(pipes) - sample * place // len(pipes) for place in range(len(pipes))]
    for pipe, wanted in zip(pipes, asked, strict=True):
        pipe.send(wanted)
    answered = sum(pipe.recv() for pipe in pipes)
    for pipe, holder in zip(pipes, holders, strict=True):
        pipe.send(None)
        holder.join()
    return Held(connections, each, min(sample, connections), answered)


def measure_idle(stand: Stand, told: Told, wanted: int) -> None:
    """Measure the memory of idle connections, and whether a request on any of them is answered."""
    stand.together()
    processes = processes_for(wanted, descriptors())
    counts = [wanted * (place + 1) // processes - wanted * place // processes for place in range(processes)]
    sections = {"server": {"workers": max(2, processes), "patience": {"idle": "1h"}}}
    with (
        simulator(on=stand.all) as answering,
        stand.serve(upstream(answering.url), sections, everywhere=True) as served,
    ):
        began = time.monotonic()
        held = hold_all(served.target, served.pid, counts, SAMPLE)
        took = time.monotonic() - began
    workers = sections["server"]["workers"]
    told(at_least(f"idle keep-alive connections to {workers} workers", held.connections, wanted, "open at once"))
    told(at_most("memory (PSS) of each", held.each, 8192, "bytes"))
    told(at_least("of a sample of them, answered", held.answered, held.asked, f"of {held.asked:,}"))
    told(Row("time to open, use, and use a sample of them again", f"{took:.0f} s"))
