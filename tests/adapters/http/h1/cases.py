"""What clients send on a connection, and what exactly comes back.

A case is a name, the bytes sent, the answers, and whether the connection serves on. An answer is a status and, for 200,
the whole body, which tells what the application saw; for an error the whole message.
"""

from __future__ import annotations

from typing import NamedTuple

HOST = b"host: x\r\n"
OPEN, CLOSED = True, False


class Case(NamedTuple):
    name: str
    sent: bytes
    answers: list[tuple[int, str]]
    serves_on: bool = OPEN
    methods: tuple[str, ...] = ("GET", "GET", "GET", "GET")


def get(*lines: bytes, line: bytes = b"GET / HTTP/1.1", host: bytes = HOST) -> bytes:
    return line + b"\r\n" + host + b"".join(each + b"\r\n" for each in lines) + b"\r\n"


def post(body: bytes, *lines: bytes) -> bytes:
    return get(*lines, line=b"POST / HTTP/1.1") + body


def chunked(body: bytes) -> bytes:
    return post(body, b"transfer-encoding: chunked")


def good(name: str, sent: bytes, *bodies: str, serves_on: bool = OPEN) -> Case:
    return Case(name, sent, [(200, body) for body in bodies], serves_on)


def bad(name: str, sent: bytes, message: str, status: int = 400) -> Case:
    return Case(name, sent, [(status, message)], CLOSED)


PLAIN = "GET / 1.1"
LINE = "the request line is not of the form `METHOD target HTTP/1.1`"
NO_METHOD = "this is no HTTP request: it does not begin with a method"
TARGET = "the request target is neither a path nor an http URL"
AFTER_HOST = "the head is wrong after header 'host': "

LINES = [
    good("plain", get(), PLAIN),
    good("query", get(line=b"GET /a?b=c&d HTTP/1.1"), "GET /a?b=c&d 1.1"),
    good("percent", get(line=b"GET /a%2Fb%20c HTTP/1.1"), "GET /a%2Fb%20c 1.1"),
    good("empty lines first", b"\r\n\r\n" + get(), PLAIN),
    good("options", get(line=b"OPTIONS * HTTP/1.1"), "OPTIONS * 1.1"),
    good("options of a path", get(line=b"OPTIONS /a HTTP/1.1"), "OPTIONS /a 1.1"),
    good("delete", get(line=b"DELETE /a HTTP/1.1"), "DELETE /a 1.1"),
    good("connect", get(line=b"CONNECT a.test:443 HTTP/1.1"), "CONNECT a.test:443 1.1"),
    good("absolute", get(line=b"GET http://a.test/b?c HTTP/1.1"), "GET /b?c 1.1"),
    good("absolute, https", get(line=b"GET HTTPS://a.test:8/b HTTP/1.1"), "GET /b 1.1"),
    good("absolute without path", get(line=b"GET http://a.test HTTP/1.1"), "GET / 1.1"),
    good("absolute, query only", get(line=b"GET http://a.test?b HTTP/1.1"), "GET /?b 1.1"),
    bad("absolute, other scheme", get(line=b"GET ftp://a.test/ HTTP/1.1"), TARGET),
    bad("absolute with a user", get(line=b"GET http://u@a.test/ HTTP/1.1"), TARGET),
    bad("no path", get(line=b"GET HTTP/1.1"), LINE),
    bad("relative", get(line=b"GET a/b HTTP/1.1"), "the request target is wrong: Unexpected char in url schema"),
    bad("star for get", get(line=b"GET * HTTP/1.1"), "the target * is for OPTIONS, not GET"),
    bad("connect to a path", get(line=b"CONNECT /a HTTP/1.1"), "CONNECT takes host:port"),
    bad(
        "fragment",
        get(line=b"GET /a#b HTTP/1.1"),
        "the request target has a fragment (#), which clients keep to themselves",
    ),
    bad("two spaces", get(line=b"GET  / HTTP/1.1"), LINE),
    bad("space in target", get(line=b"GET /a b HTTP/1.1"), LINE),
    bad("space at the end", get(line=b"GET / HTTP/1.1 "), LINE),
    bad("tab", get(line=b"GET\t/ HTTP/1.1"), LINE),
    bad("not ascii", get(line=b"GET /\xc3\xa9 HTTP/1.1"), LINE),
    bad("nul in target", get(line=b"GET /\0 HTTP/1.1"), LINE),
    bad("no version", b"GET /\r\n\r\n", LINE),
    bad("small http", get(line=b"GET / http/1.1"), LINE),
    bad("rtsp", get(line=b"GET / RTSP/1.0"), LINE),
    bad("http/0.9", get(line=b"GET / HTTP/0.9"), "HTTP/0.9 is not spoken here, only HTTP/1.1", 505),
    bad("http/1.2", get(line=b"GET / HTTP/1.2"), "HTTP/1.2 is not spoken here, only HTTP/1.1", 505),
    bad("http/2.0", get(line=b"GET / HTTP/2.0"), "HTTP/2.0 is not spoken here, only HTTP/1.1", 505),
    bad("http/9.9", get(line=b"GET / HTTP/9.9"), "HTTP/9.9 is not spoken here, only HTTP/1.1", 505),
    bad("small method", get(line=b"get / HTTP/1.1"), "method 'get' is not known here", 501),
    bad("unknown method", get(line=b"BREW / HTTP/1.1"), "method 'BREW' is not known here", 501),
    bad("no method", get(line=b" / HTTP/1.1"), LINE),
    bad("tls", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", NO_METHOD),
    bad("rubbish without a line's end", b"{}", NO_METHOD),
    bad("line over its limit", b"GET /" + b"a" * 17_000, "the request line is over 16384 bytes", 414),
    bad(
        "whole line over its limit",
        get(line=b"GET /" + b"a" * 17_000 + b" HTTP/1.1"),
        "the request line is over 16384 bytes",
        414,
    ),
]

HEADERS = [
    good("obs-text in a value", get(b"a: \xff"), PLAIN),
    good("empty value", get(b"a:", b"b:  "), PLAIN),
    good("tab in a value", get(b"a: b\tc"), PLAIN),
    good("most headers", get(*[b"a: b"] * 127), PLAIN),
    good("large head", get(b"a: " + b"b" * 60_000), PLAIN),
    bad("too many headers", get(*[b"a: b"] * 128), "the head has 129 headers, limit 128", 431),
    bad("head over its limit", get(b"a: " + b"b" * 66_000), "head is over 64 KiB, its limit", 431),
    bad("unfinished head over its limit", get(b"a: " + b"b" * 66_000)[:-4], "head is over 64 KiB, its limit", 431),
    bad("obs-fold", get(b"a: b", b" c"), AFTER_HOST + "Unexpected whitespace after header value"),
    bad("obs-fold with a tab", get(b"a: b", b"\tc"), AFTER_HOST + "Unexpected whitespace after header value"),
    bad(
        "space before the first name", get(host=b" host: x\r\n"), "the head is wrong: Unexpected space after start line"
    ),
    bad("space before colon", get(b"a : b"), "the head is wrong: Invalid header token"),
    bad("no colon", get(b"ab"), "the head is wrong: Invalid header token"),
    bad("no name", get(b": b"), "the head is wrong: Invalid header token"),
    bad("bracket in a name", get(b"a(: b"), "the head is wrong: Invalid header token"),
    bad("not ascii in a name", get(b"\xe9: b"), "the head is wrong: Invalid header token"),
    bad("nul in a value", get(b"a: b\0c"), AFTER_HOST + "Invalid header value char"),
    bad("control character in a value", get(b"a: b\x01c"), AFTER_HOST + "Invalid header value char"),
    bad("delete in a value", get(b"a: b\x7fc"), AFTER_HOST + "Invalid header value char"),
    bad("bare LF after a value", get(b"a: b\nc: d"), AFTER_HOST + "Missing expected CR after header value"),
    bad("bare CR in a value", get(b"a: b\rc: d"), AFTER_HOST + "Missing expected LF after header value"),
    bad("bare LF all over", get().replace(b"\r", b""), "the head has a bare LF at byte 14; lines end with CR LF"),
    bad("bare LF at the end", get()[:-2] + b"\n", "the head has a bare LF at byte 25; lines end with CR LF"),
    bad("no host", get(host=b""), "the head has no Host, which HTTP/1.1 requires"),
    bad("two hosts", get(b"Host: x"), "the head has more than one Host"),
    bad("wrong host", get(host=b"host: a/b\r\n"), "Host is no host"),
    good("empty host", get(host=b"host:\r\n"), PLAIN),
    good("host with IPv6", get(host=b"host: [::1]:80\r\n"), PLAIN),
    good("unknown upgrade", get(b"connection: upgrade", b"upgrade: irc/6.9"), PLAIN),
    good("upgrade that Connection does not name", get(b"upgrade: websocket"), PLAIN),
    good("close", get(b"connection: close"), PLAIN, serves_on=CLOSED),
    good("close among others", get(b"connection: keep-alive, Close"), PLAIN, serves_on=CLOSED),
    good("close in a second line", get(b"connection: x", b"connection: close"), PLAIN, serves_on=CLOSED),
    good("HTTP/1.0", get(line=b"GET / HTTP/1.0"), "GET / 1.0", serves_on=CLOSED),
    good("HTTP/1.0 without host", get(line=b"GET / HTTP/1.0", host=b""), "GET / 1.0", serves_on=CLOSED),
    good("HTTP/1.0 that stays", get(b"connection: keep-alive", line=b"GET / HTTP/1.0"), "GET / 1.0"),
]
