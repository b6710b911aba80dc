"""The simulated upstream over real sockets: boundaries, pipelining, dialects, faults."""

import json
import socket
import time
from urllib.parse import urlsplit

import httpx
import openai
import pytest

from sluicegate.perf.distributions import always, parse, read_number
from sluicegate.perf.simulate.behaviour import Behaviour
from sluicegate.perf.simulate.connection import MOST_AHEAD
from tests.perf.simulated import simulated

CHAT = {"model": "m", "messages": [{"role": "user", "content": "Hello"}]}


def request(body, path="/v1/chat/completions"):
    data = json.dumps(body).encode()
    return b"POST %b HTTP/1.1\r\nhost: x\r\ncontent-length: %d\r\n\r\n%b" % (path.encode(), len(data), data)


def connect(url):
    sock = socket.create_connection(("127.0.0.1", urlsplit(url).port), timeout=10)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


def read_answer(file):
    """Read one answer with a length; return its status and body."""
    status = int(file.readline().split()[1])
    length = 0
    while (line := file.readline()) != b"\r\n":
        name, _, value = line.partition(b":")
        if name == b"content-length":
            length = int(value)
    return status, json.loads(file.read(length))


def read_all(sock):
    received = b""
    while part := sock.recv(65536):
        received += part
    return received


@pytest.fixture(scope="module")
def url():
    with simulated() as url:
        yield url


def test_a_request_may_come_byte_by_byte(url):
    with connect(url) as sock, sock.makefile("rb") as file:
        for byte in request(CHAT):
            sock.sendall(bytes([byte]))
        status, body = read_answer(file)
    assert status == 200
    assert body["object"] == "chat.completion"
    assert body["usage"]["completion_tokens"] == 40


@pytest.mark.parametrize("cut", [1, 40, 60, 100, 150])
def test_pipelined_requests_are_answered_in_order_wherever_they_are_cut(url, cut):
    data = b"".join(request({**CHAT, "model": f"m{n}"}) for n in range(5))
    with connect(url) as sock, sock.makefile("rb") as file:
        sock.sendall(data[: len(data) - cut])
        time.sleep(0.01)
        sock.sendall(data[len(data) - cut :])
        assert [read_answer(file)[1]["model"] for _ in range(5)] == [f"m{n}" for n in range(5)]


def test_pipelined_requests_wait_for_a_slow_answer():
    with simulated(Behaviour(first_token=always(0.05))) as url, connect(url) as sock, sock.makefile("rb") as file:
        began = time.perf_counter()
        sock.sendall(b"".join(request({**CHAT, "model": f"m{n}"}) for n in range(3)))
        assert [read_answer(file)[1]["model"] for _ in range(3)] == ["m0", "m1", "m2"]
        assert time.perf_counter() - began >= 0.15


def test_a_client_that_sends_too_far_ahead_is_cut_off():
    with simulated(Behaviour(stall_rate=1.0)) as url, connect(url) as sock, pytest.raises(ConnectionError):
        sock.sendall(request(CHAT) + b"x" * MOST_AHEAD * 32)


def test_openais_own_client_is_served_in_every_dialect(url):
    with openai.OpenAI(base_url=f"{url}/v1", api_key="k", max_retries=0) as client:
        assert client.chat.completions.create(**CHAT).choices[0].message.content.startswith("the water")
        assert client.completions.create(model="m", prompt="x").choices[0].text.startswith("the water")
        chunks = list(client.chat.completions.create(**CHAT, stream=True, stream_options={"include_usage": True}))
        text = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
        assert text == client.chat.completions.create(**CHAT).choices[0].message.content
        assert chunks[-1].usage.completion_tokens == 40
        parts = list(client.completions.create(model="m", prompt="x", stream=True))
        assert "".join(part.choices[0].text for part in parts) == text
        vectors = client.embeddings.create(model="m", input=["a", "b"], dimensions=8).data
        assert [len(entry.embedding) for entry in vectors] == [8, 8]
        assert [model.id for model in client.models.list()] == ["simulated"]


def test_a_stream_takes_its_time():
    pace = Behaviour(first_token=parse("50ms"), tokens_per_second=always(100), tokens=always(11))
    with simulated(pace) as url:
        began = time.perf_counter()
        with httpx.stream("POST", f"{url}/v1/chat/completions", json={**CHAT, "stream": True}) as answer:
            times = [time.perf_counter() - began for line in answer.iter_lines() if line.startswith("data:")]
    assert times[0] >= 0.05
    assert times[-1] >= 0.15
    assert len(times) == 1 + 11 + 1 + 1


def test_a_plain_answer_takes_as_long_as_its_tokens():
    pace = Behaviour(first_token=parse("20ms"), tokens_per_second=always(100), tokens=always(4))
    with simulated(pace) as url:
        began = time.perf_counter()
        assert httpx.post(f"{url}/v1/chat/completions", json=CHAT).status_code == 200
        assert time.perf_counter() - began >= 0.05


def test_errors_and_limits_come_in_their_shares():
    behaviour = Behaviour(error_rate=0.2, limit_rate=0.3, retry_after=1.5)
    with simulated(behaviour, seed=1) as url, httpx.Client() as client:
        answers = [client.post(f"{url}/v1/chat/completions", json=CHAT) for _ in range(200)]
    statuses = [answer.status_code for answer in answers]
    assert 25 <= statuses.count(500) <= 55
    assert 45 <= statuses.count(429) <= 75
    limited = next(answer for answer in answers if answer.status_code == 429)
    assert limited.headers["retry-after"] == "2"
    assert limited.headers["retry-after-ms"] == "1500"
    assert limited.json()["error"]["type"] == "rate_limit_error"


@pytest.mark.parametrize("stream", [False, True])
def test_a_cut_answer_ends_without_its_end(stream):
    with simulated(Behaviour(cut_rate=1.0)) as url, connect(url) as sock:
        sock.sendall(request({**CHAT, "stream": stream}))
        received = read_all(sock)
    assert b"200 OK" in received
    assert b"[DONE]" not in received
    assert received.count(b'"content"') == (1 + 20 if stream else 1)


def test_a_stalled_stream_falls_silent_and_stays_open():
    with simulated(Behaviour(stall_rate=1.0, tokens=always(4))) as url, connect(url) as sock:
        sock.sendall(request({**CHAT, "stream": True}))
        received = sock.recv(65536)
        sock.settimeout(0.2)
        with pytest.raises(TimeoutError):
            sock.recv(65536)
    assert received.count(b'"content"') == 1 + 2


def test_a_client_that_reads_late_gets_all():
    with simulated(Behaviour(tokens=always(200_000))) as url, connect(url) as sock:
        sock.sendall(request({**CHAT, "stream": True}))
        time.sleep(0.1)
        received = b""
        while not received.endswith(b"0\r\n\r\n"):
            received += sock.recv(1 << 20)
    assert received.count(b"data: ") == 1 + 200_000 + 1 + 1
    assert received.count(b'" lake"') == 200_000 // 21


@pytest.mark.parametrize(
    "data",
    [
        b"nonsense\r\n\r\n",
        b"POST /v1/chat/completions HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n",
        b"POST /v1/chat/completions HTTP/1.1\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n",
        b"POST /v1/chat/completions HTTP/1.1\r\ncontent-length: x\r\n\r\n",
        b"POST /v1/chat/completions HTTP/1.1\r\ncontent-length: 99999999999\r\n\r\n",
    ],
)
def test_what_cannot_be_served_is_refused(url, data):
    with connect(url) as sock:
        sock.sendall(data)
        assert read_all(sock).startswith(b"HTTP/1.1 400 Bad Request\r\n")


def test_what_is_no_json_is_refused_and_the_connection_goes_on(url):
    with connect(url) as sock, sock.makefile("rb") as file:
        sock.sendall(b"POST /v1/chat/completions HTTP/1.1\r\ncontent-length: 1\r\n\r\n{" + request(CHAT))
        assert [read_answer(file)[0] for _ in range(2)] == [400, 200]


def test_the_length_of_answers_is_drawn():
    with simulated(Behaviour(tokens=parse("uniform:1-9", read_number))) as url, httpx.Client() as client:
        answers = [client.post(f"{url}/v1/chat/completions", json=CHAT).json() for _ in range(50)]
    assert {answer["usage"]["completion_tokens"] for answer in answers} == set(range(1, 10))


def test_shares_beyond_all_requests_are_refused():
    with pytest.raises(ValueError, match="also when added up"):
        Behaviour(error_rate=0.6, cut_rate=0.6)
