"""A large file goes through the gateway in pieces: what it takes of memory does not grow with it."""

import tracemalloc

import trio

from tests.adapters.http.harness import house, read_answer

MIB = 1024 * 1024
HEAD = (
    b'--xyz\r\ncontent-disposition: form-data; name="model"\r\n\r\none/x\r\n'
    b'--xyz\r\ncontent-disposition: form-data; name="file"; filename="a.mp3"\r\n\r\n'
)
END = b"\r\n--xyz--\r\n"
PIECE = bytes(64 * 1024)
ANSWER = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 12\r\n\r\n" + b'{"text":"x"}'


async def peak_of(running, size):
    """Return the most bytes that were allocated while a form with a file of this size went through."""
    length = len(HEAD) + size + len(END)
    head = f"POST /v1/audio/transcriptions HTTP/1.1\r\nhost: localhost\r\ncontent-length: {length}\r\n"
    tracemalloc.reset_peak()
    before = tracemalloc.get_traced_memory()[0]
    async with await running.connect() as stream:
        await stream.send_all(head.encode() + b"content-type: multipart/form-data; boundary=xyz\r\n\r\n" + HEAD)
        for _ in range(size // len(PIECE)):
            await stream.send_all(PIECE)
        await stream.send_all(END)
        assert (await read_answer(stream)).json == {"text": "x"}
    return tracemalloc.get_traced_memory()[1] - before


async def test_memory_stays_flat_however_large_a_file_is():
    received = 0

    async def upstream(stream):
        nonlocal received
        seen = b""
        while data := await stream.receive_some():
            received += len(data)
            seen = (seen + bytes(data))[-200:]
            if seen.endswith(b"--\r\n"):
                await stream.send_all(ANSWER)

    async with trio.open_nursery() as nursery:
        listeners = await nursery.start(trio.serve_tcp, upstream, 0)
        url = f"http://127.0.0.1:{listeners[0].socket.getsockname()[1]}/v1"
        async with house(providers={"one": {"type": "openai", "base_url": url, "api_key": "k"}}) as running:
            await peak_of(running, MIB)
            tracemalloc.start()
            try:
                small = await peak_of(running, 2 * MIB)
                large = await peak_of(running, 20 * MIB)
            finally:
                tracemalloc.stop()
            assert received > 23 * MIB
            assert large < 4 * MIB
            assert large < small + MIB
        nursery.cancel_scope.cancel()
