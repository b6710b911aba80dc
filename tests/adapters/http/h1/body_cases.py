"""The cases of `cases` for bodies, chunks, and several requests in a row."""

from __future__ import annotations

from tests.adapters.http.h1.cases import AFTER_HOST, CLOSED, LINE, OPEN, PLAIN, Case, bad, chunked, get, good, post

SIZE = "a chunk's size is wrong: it takes 1 to 15 hexadecimal digits, and extensions in their form"
LONG = "a chunk is longer than its size says"

BODIES = [
    good("length", post(b"hello", b"content-length: 5"), "POST / 1.1 hello"),
    good("length with zeros and spaces", post(b"hello", b"content-length:  005 "), "POST / 1.1 hello"),
    good("length 0", post(b"", b"content-length: 0"), "POST / 1.1"),
    good("no length", post(b""), "POST / 1.1"),
    good("body of a get", get(b"content-length: 2") + b"hi", "GET / 1.1 hi"),
    bad("negative length", post(b"", b"content-length: -1"), AFTER_HOST + "Invalid character in Content-Length"),
    bad("length with a sign", post(b"h", b"content-length: +1"), AFTER_HOST + "Invalid character in Content-Length"),
    bad("hexadecimal length", post(b"h", b"content-length: 0x1"), AFTER_HOST + "Invalid character in Content-Length"),
    bad("empty length", post(b"", b"content-length:"), AFTER_HOST + "Empty Content-Length"),
    bad("length list", post(b"h", b"content-length: 1, 1"), AFTER_HOST + "Invalid character in Content-Length"),
    bad("huge length", post(b"", b"content-length: 1" + b"0" * 30), AFTER_HOST + "Content-Length overflow"),
    bad(
        "two lengths",
        post(b"hello", b"content-length: 5", b"content-length: 6"),
        "the head is wrong after header 'content-length': Duplicate Content-Length",
    ),
    bad(
        "the same length twice",
        post(b"hello", b"content-length: 5", b"content-length: 5"),
        "the head is wrong after header 'content-length': Duplicate Content-Length",
    ),
    bad(
        "length, then coding",
        post(b"0\r\n\r\n", b"content-length: 5", b"transfer-encoding: chunked"),
        "the head is wrong after header 'content-length': Transfer-Encoding can't be present with Content-Length",
    ),
    bad(
        "coding, then length",
        post(b"0\r\n\r\n", b"transfer-encoding: chunked", b"content-length: 5"),
        "the head is wrong after header 'transfer-encoding': Content-Length can't be present with Transfer-Encoding",
    ),
    bad(
        "coding gzip",
        post(b"", b"transfer-encoding: gzip"),
        "the head is wrong after header 'transfer-encoding': Request has invalid `Transfer-Encoding`",
    ),
    bad(
        "coding gzip, chunked",
        post(b"0\r\n\r\n", b"transfer-encoding: gzip, chunked"),
        "Transfer-Encoding 'gzip, chunked' is not known here, only chunked",
        501,
    ),
    bad(
        "coding chunked, gzip",
        post(b"0\r\n\r\n", b"transfer-encoding: chunked, gzip"),
        AFTER_HOST + "Invalid `Transfer-Encoding` header value",
    ),
    bad(
        "coding twice",
        post(b"0\r\n\r\n", b"transfer-encoding: chunked", b"transfer-encoding: chunked"),
        "the head is wrong after header 'transfer-encoding': Invalid `Transfer-Encoding` header value",
    ),
    bad(
        "coding with HTTP/1.0",
        get(b"transfer-encoding: chunked", line=b"POST / HTTP/1.0"),
        "HTTP/1.0 has no Transfer-Encoding",
    ),
    good(
        "length with HTTP/1.0",
        get(b"content-length: 2", line=b"POST / HTTP/1.0") + b"hi",
        "POST / 1.0 hi",
        serves_on=CLOSED,
    ),
    good(
        "expectation with HTTP/1.0, which does not know it",
        get(b"content-length: 2", b"expect: 100-continue", line=b"POST / HTTP/1.0") + b"hi",
        "POST / 1.0 hi",
        serves_on=CLOSED,
    ),
    bad("space in a length", post(b"h", b"content-length: 1 1"), AFTER_HOST + "Invalid character in Content-Length"),
    bad("length with a tail", post(b"h", b"content-length: 1a"), AFTER_HOST + "Invalid character in Content-Length"),
    bad("space before the length's colon", post(b"h", b"content-length : 1"), AFTER_HOST + "Invalid header field char"),
    bad(
        "space before the coding's colon",
        post(b"0\r\n\r\n", b"transfer-encoding : chunked"),
        AFTER_HOST + "Invalid header field char",
    ),
    bad(
        "coding identity",
        post(b"", b"transfer-encoding: identity"),
        "the head is wrong after header 'transfer-encoding': Request has invalid `Transfer-Encoding`",
    ),
    bad(
        "coding in quotes",
        post(b"", b'transfer-encoding: "chunked"'),
        "the head is wrong after header 'transfer-encoding': Request has invalid `Transfer-Encoding`",
    ),
    bad("expects something else", get(b"expect: tea"), "Expect: 'tea' cannot be met", 417),
]

CHUNKS = [
    good("chunks", chunked(b"5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n"), "POST / 1.1 hello!"),
    good("coding in capitals", post(b"0\r\n\r\n", b"Transfer-Encoding: CHUNKED"), "POST / 1.1"),
    good(
        "capital and small digits",
        chunked(b"A\r\n0123456789\r\na\r\n0123456789\r\n00\r\n\r\n"),
        "POST / 1.1 01234567890123456789",
    ),
    good("extensions", chunked(b'1;a;b=c ; d = "e;\\"f"\r\nx\r\n0;z\r\n\r\n'), "POST / 1.1 x"),
    good("trailers", chunked(b"1\r\nx\r\n0\r\na: b\r\nc:\r\n\r\n"), "POST / 1.1 x"),
    bad("size that is no number", chunked(b"zz\r\n"), SIZE),
    bad("empty size", chunked(b"\r\n"), SIZE),
    bad("size with 0x", chunked(b"0x1\r\nx\r\n0\r\n\r\n"), SIZE),
    bad("negative size", chunked(b"-1\r\n"), SIZE),
    bad("space before the size", chunked(b" 1\r\nx\r\n0\r\n\r\n"), SIZE),
    bad("space after the size", chunked(b"1 \r\nx\r\n0\r\n\r\n"), SIZE),
    bad("size of 16 digits", chunked(b"0000000000000001\r\nx\r\n0\r\n\r\n"), SIZE),
    bad("extension without name", chunked(b"1;\r\nx\r\n0\r\n\r\n"), SIZE),
    bad("open quote", chunked(b'1;a="b\r\nx\r\n0\r\n\r\n'), SIZE),
    bad("control character in an extension", chunked(b"1;a=\x01\r\nx\r\n0\r\n\r\n"), SIZE),
    bad("bare LF after a size", chunked(b"1\nx\r\n0\r\n\r\n"), "the chunked body has a bare LF; lines end with CR LF"),
    bad("bare LF after a chunk", chunked(b"1\r\nx\n0\r\n\r\n"), "the chunked body has a bare LF; lines end with CR LF"),
    bad("bare CR after a size", chunked(b"1\rx\r\n0\r\n\r\n"), SIZE),
    bad("chunk that is too long", chunked(b"1\r\nxy\r\n0\r\n\r\n"), LONG),
    bad("chunk that is too long, without end", chunked(b"1\r\nxy"), LONG),
    bad("endless size line", chunked(b"1;" + b"a" * 1100), "a line of the chunked body is over 1024 bytes"),
    bad(
        "many extensions",
        chunked((b"1;" + b"a" * 1000 + b"\r\nx\r\n") * 20),
        "the chunk extensions are over 16384 bytes",
    ),
    bad("bad trailer", chunked(b"0\r\na\r\n\r\n"), "a trailer is wrong: it takes `name: value`"),
    bad("folded trailer", chunked(b"0\r\na: b\r\n c\r\n\r\n"), "a trailer is wrong: it takes `name: value`"),
    bad(
        "many trailers",
        chunked(b"0\r\n" + (b"a: " + b"b" * 1000 + b"\r\n") * 9),
        "the trailers are over 8192 bytes",
        431,
    ),
]

SEQUENCES = [
    good(
        "pipelined",
        get() + get(line=b"GET /2 HTTP/1.1") + get(line=b"GET /3 HTTP/1.1"),
        PLAIN,
        "GET /2 1.1",
        "GET /3 1.1",
    ),
    good(
        "pipelined bodies",
        post(b"one", b"content-length: 3") + chunked(b"3\r\ntwo\r\n0\r\n\r\n") + get(),
        "POST / 1.1 one",
        "POST / 1.1 two",
        PLAIN,
    ),
    good("empty line between", post(b"one", b"content-length: 3") + b"\r\n" + get(), "POST / 1.1 one", PLAIN),
    good("nothing is served after close", get(b"connection: close") + get(), PLAIN, serves_on=CLOSED),
    Case("bad after good", get() + b"rubbish\r\n\r\n", [(200, PLAIN), (400, LINE)], CLOSED),
    Case(
        "smuggled",
        post(b"hello" + b"GET / HTTP/1.1\r\n\r\n", b"content-length: 5"),
        [(200, "POST / 1.1 hello"), (400, "the head has no Host, which HTTP/1.1 requires")],
        CLOSED,
    ),
    Case("head, then get", get(line=b"HEAD / HTTP/1.1") + get(), [(200, ""), (200, PLAIN)], OPEN, ("HEAD", "GET")),
    Case(
        "upgrade behind a request",
        get() + get(b"connection: upgrade", b"upgrade: websocket"),
        [(200, PLAIN), (200, PLAIN)],
    ),
    Case(
        "HTTP/2 behind a request",
        get() + b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        [(200, PLAIN), (505, "HTTP/2 begins a connection, or not at all")],
        CLOSED,
    ),
    Case(
        "HTTP/1.0 that stays, twice",
        get(b"connection: keep-alive", line=b"GET /1 HTTP/1.0") + get(line=b"GET /2 HTTP/1.0"),
        [(200, "GET /1 1.0"), (200, "GET /2 1.0")],
        CLOSED,
    ),
    Case(
        "smuggled in chunks",
        chunked(b"0\r\n\r\n" + b"GET /x HTTP/1.1\r\n\r\n"),
        [(200, "POST / 1.1"), (400, "the head has no Host, which HTTP/1.1 requires")],
        CLOSED,
    ),
    Case("continue", post(b"", b"content-length: 5", b"expect: 100-continue") + b"hello", [(200, "POST / 1.1 hello")]),
    Case("continue without body", post(b"", b"content-length: 0", b"expect: 100-continue"), [(200, "POST / 1.1")]),
]
