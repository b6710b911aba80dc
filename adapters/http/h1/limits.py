"""How much, and for how long, a connection may ask of us."""

from __future__ import annotations

from dataclasses import dataclass

KIB = 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """Sizes in bytes, times in seconds. The sweep looks once a `tick`, so a time may run over by as much.

    Attributes:
        line: The request line. A longer one is a 414.
        head: The request line and headers. More is a 431.
        fields: How many headers there may be. More are a 431.
        chunk_line: A chunk's size line, extensions included.
        chunk_extensions: All chunk extensions of one body.
        trailers: The trailer section of a chunked body.
        ahead: What is read of later requests while one is in flight.
        body_ahead: What is read of a body before the application asks for it.
        unwanted: What is read of a body after its answer is complete, so that the connection can serve on.
        head_time: From the first byte of a head to its end. Longer is a 408.
        body_time: Without one byte of a body. Longer is a 408 if nothing has been answered.
        idle_time: Without a request; longer than clients' own pools keep a connection, so that they close first.
        last_time: Without a request, once the server wants the connection to end.
        write_time: Without the client taking one byte of an answer.
        linger_time: For the client to read the last answer of a connection before it is closed.
        look: Between two looks at a connection that is not being read, whether its client has left.
    """

    line: int = 16 * KIB
    head: int = 64 * KIB
    fields: int = 128
    chunk_line: int = 1 * KIB
    chunk_extensions: int = 16 * KIB
    trailers: int = 8 * KIB
    ahead: int = 64 * KIB
    body_ahead: int = 256 * KIB
    unwanted: int = 1024 * KIB
    head_time: float = 20.0
    body_time: float = 60.0
    idle_time: float = 75.0
    last_time: float = 5.0
    write_time: float = 30.0
    linger_time: float = 2.0
    look: float = 0.03
    tick: float = 1.0
