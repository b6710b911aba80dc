"""Answers of HTTP/1.1, well and badly framed, and what must be made of each."""

from __future__ import annotations

from dataclasses import dataclass

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
LENGTH_2 = OK + b"Content-Length: 2\r\n\r\n"


@dataclass(frozen=True)
class Good:
    """An answer that is complete. ``ends`` where only the end of the connection ends it."""

    sent: bytes
    body: bytes = b""
    status: int = 200
    keep: bool = True
    method: str = "POST"
    ends: bool = False


@dataclass(frozen=True)
class Bad:
    """An answer that must never be taken for a complete one. ``body`` is what comes before the fault shows."""

    sent: bytes
    body: bytes | None = None  # None where not even the head is good


GOOD = {
    "length": Good(LENGTH_2 + b"hi", b"hi"),
    "length zero": Good(OK + b"Content-Length: 0\r\n\r\n"),
    "length with leading zeros": Good(OK + b"Content-Length: 002\r\n\r\nhi", b"hi"),
    "length with spaces around": Good(OK + b"Content-Length:   2  \r\n\r\nhi", b"hi"),
    "length in lower case": Good(OK + b"content-length: 2\r\n\r\nhi", b"hi"),
    "length and close": Good(OK + b"Connection: close\r\nContent-Length: 2\r\n\r\nhi", b"hi", keep=False),
    "close among others": Good(OK + b"Connection: x, Close\r\nContent-Length: 0\r\n\r\n", keep=False),
    "no reason": Good(b"HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nhi", b"hi"),
    "empty reason": Good(b"HTTP/1.1 200 \r\nContent-Length: 2\r\n\r\nhi", b"hi"),
    "status that nobody knows": Good(b"HTTP/1.1 599 Odd\r\nContent-Length: 2\r\n\r\nhi", b"hi", status=599),
    "empty lines before": Good(b"\r\n\r\n" + LENGTH_2 + b"hi", b"hi"),
    "chunks": Good(CHUNKED + b"3\r\none\r\n2\r\nhi\r\n0\r\n\r\n", b"onehi"),
    "no chunks": Good(CHUNKED + b"0\r\n\r\n"),
    "chunk with zeros": Good(CHUNKED + b"0003\r\none\r\n000\r\n\r\n", b"one"),
    "chunk in hexadecimal": Good(CHUNKED + b"1A\r\n" + b"x" * 26 + b"\r\n0\r\n\r\n", b"x" * 26),
    "chunk extension": Good(CHUNKED + b'3;a=b;c="d"\r\none\r\n0;e\r\n\r\n', b"one"),
    "trailers": Good(CHUNKED + b"3\r\none\r\n0\r\nX-Sum: 1\r\nX-More: 2\r\n\r\n", b"one"),
    "chunked in another case": Good(OK + b"transfer-encoding: Chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n", b"hi"),
    "chunked and close": Good(OK + b"Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", keep=False),
    "to the end": Good(OK + b"\r\nall of it", b"all of it", keep=False, ends=True),
    "to the end, empty": Good(OK + b"\r\n", keep=False, ends=True),
    "to the end, 1.0": Good(b"HTTP/1.0 200 OK\r\n\r\nall of it", b"all of it", keep=False, ends=True),
    "1.0 with length": Good(b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi", b"hi", keep=False),
    "1.0 that keeps": Good(b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nhi", b"hi"),
    "204": Good(b"HTTP/1.1 204 No Content\r\n\r\n", status=204),
    "204 with a length": Good(b"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n", status=204),
    "304 with a length": Good(b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", status=304),
    "HEAD with a length": Good(OK + b"Content-Length: 500\r\n\r\n", method="HEAD"),
    "HEAD with chunks": Good(CHUNKED, method="HEAD"),
    "HEAD with close": Good(OK + b"Connection: close\r\n\r\n", method="HEAD", keep=False),
    "100 first": Good(b"HTTP/1.1 100 Continue\r\n\r\n" + LENGTH_2 + b"hi", b"hi"),
    "102 and 103 first": Good(
        b"HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + CHUNKED + b"0\r\n\r\n"
    ),
    "surplus behind a length": Good(LENGTH_2 + b"hi!!", b"hi", keep=False),
    "a second answer": Good((LENGTH_2 + b"hi") * 2, b"hi", keep=False),
    "surplus behind the last chunk": Good(CHUNKED + b"0\r\n\r\nHTTP", keep=False),
    "body behind 204": Good(b"HTTP/1.1 204 No Content\r\n\r\nhello", status=204, keep=False),
    "body behind HEAD": Good(LENGTH_2 + b"hi", method="HEAD", keep=False),
    "an offer to upgrade": Good(OK + b"Upgrade: h2c\r\nConnection: Upgrade\r\nContent-Length: 2\r\n\r\nhi", b"hi"),
}

BAD = {
    "nothing": Bad(b""),
    "another protocol": Bad(b"SSH-2.0-OpenSSH_9.2\r\n"),
    "a TLS alert": Bad(b"\x15\x03\x01\x00\x02\x02\x46"),
    "half a head": Bad(OK + b"Content-Len"),
    "HTTP/2.0": Bad(b"HTTP/2.0 200 OK\r\n\r\n"),
    "HTTP/0.9": Bad(b"HTTP/0.9 200 OK\r\n\r\n"),
    "HTTP/1.2": Bad(b"HTTP/1.2 200 OK\r\n\r\n"),
    "status of two digits": Bad(b"HTTP/1.1 20 OK\r\n\r\n"),
    "status of four digits": Bad(b"HTTP/1.1 2000 OK\r\n\r\n"),
    "status below 100": Bad(b"HTTP/1.1 099 OK\r\nContent-Length: 0\r\n\r\n"),
    "101": Bad(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"),
    "101 without upgrade": Bad(b"HTTP/1.1 101 Switching Protocols\r\n\r\n"),
    "100 and no more": Bad(b"HTTP/1.1 100 Continue\r\n\r\n"),
    "17 interim answers": Bad(b"HTTP/1.1 103 Early Hints\r\n\r\n" * 17 + LENGTH_2 + b"hi"),
    "two lengths that differ": Bad(OK + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\nhi!"),
    "two equal lengths": Bad(OK + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\nhi"),
    "a list of lengths": Bad(OK + b"Content-Length: 2, 3\r\n\r\nhi!"),
    "length and chunks": Bad(OK + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n"),
    "chunks and length": Bad(OK + b"Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n2\r\nhi\r\n0\r\n\r\n"),
    "negative length": Bad(OK + b"Content-Length: -2\r\n\r\nhi"),
    "length with a sign": Bad(OK + b"Content-Length: +2\r\n\r\nhi"),
    "length in hexadecimal": Bad(OK + b"Content-Length: 0x2\r\n\r\nhi"),
    "empty length": Bad(OK + b"Content-Length:\r\n\r\nhi"),
    "length over 64 bits": Bad(OK + b"Content-Length: 99999999999999999999999\r\n\r\nhi"),
    "gzip as transfer coding": Bad(OK + b"Transfer-Encoding: gzip\r\n\r\nhi"),
    "gzip inside of chunks": Bad(OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
    "chunks inside of gzip": Bad(OK + b"Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n"),
    "chunked twice": Bad(OK + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    "space before the colon": Bad(OK + b"Content-Length : 2\r\n\r\nhi"),
    "folded line": Bad(OK + b"X: a\r\n b\r\nContent-Length: 2\r\n\r\nhi"),
    "NUL in a header": Bad(OK + b"X: a\x00b\r\nContent-Length: 2\r\n\r\nhi"),
    "line feeds alone": Bad(b"HTTP/1.1 200 OK\nContent-Length: 2\n\nhi"),
    "carriage return alone": Bad(OK + b"X: a\rContent-Length: 2\r\n\r\nhi"),
    "header without a colon": Bad(OK + b"nonsense\r\n\r\n"),
    "257 headers": Bad(OK + b"X: y\r\n" * 257 + b"Content-Length: 2\r\n\r\nhi"),
    "header of 100 KiB": Bad(OK + b"X: " + b"y" * 102400 + b"\r\nContent-Length: 2\r\n\r\nhi"),
    "name of 100 KiB": Bad(OK + b"X" * 102400 + b": y\r\nContent-Length: 2\r\n\r\nhi"),
    "reason of 200 KiB": Bad(b"HTTP/1.1 200 " + b"O" * 204800 + b"\r\nContent-Length: 2\r\n\r\nhi"),
    "body shorter than its length": Bad(OK + b"Content-Length: 5\r\n\r\nhi", b"hi"),
    "no last chunk": Bad(CHUNKED + b"2\r\nhi\r\n", b"hi"),
    "no end of the trailers": Bad(CHUNKED + b"2\r\nhi\r\n0\r\n", b"hi"),
    "half a chunk": Bad(CHUNKED + b"5\r\nhi", b"hi"),
    "chunk size that is none": Bad(CHUNKED + b"zz\r\nhi\r\n0\r\n\r\n", b""),
    "negative chunk size": Bad(CHUNKED + b"-2\r\nhi\r\n0\r\n\r\n", b""),
    "chunk size with a prefix": Bad(CHUNKED + b"0x2\r\nhi\r\n0\r\n\r\n", b""),
    "empty chunk size": Bad(CHUNKED + b"\r\nhi\r\n0\r\n\r\n", b""),
    "chunk size over 64 bits": Bad(CHUNKED + b"fffffffffffffffff\r\nhi\r\n0\r\n\r\n", b""),
    "space behind a chunk size": Bad(CHUNKED + b"2 \r\nhi\r\n0\r\n\r\n", b""),
    "chunk longer than its size": Bad(CHUNKED + b"2\r\nhi!\r\n0\r\n\r\n", b"hi"),
    "chunk lines with line feeds": Bad(CHUNKED + b"2\nhi\n0\n\n", b""),
    "chunk without its end": Bad(CHUNKED + b"2\r\nhi0\r\n\r\n", b"hi"),
    "chunk extension of 200 KiB": Bad(CHUNKED + b"2;" + b"e" * 204800 + b"\r\nhi\r\n0\r\n\r\n", b""),
    "malformed trailer": Bad(CHUNKED + b"2\r\nhi\r\n0\r\nno colon\r\n\r\n", b"hi"),
    "trailer of 200 KiB": Bad(CHUNKED + b"2\r\nhi\r\n0\r\nX: " + b"y" * 204800 + b"\r\n\r\n", b"hi"),
    "300 trailers": Bad(CHUNKED + b"2\r\nhi\r\n0\r\n" + b"X: y\r\n" * 300 + b"\r\n", b"hi"),
}
"""Those that lack an end are bad once the connection has ended."""
