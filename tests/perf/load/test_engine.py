"""The load over sockets: what is sent when, and what is counted."""

import resource
import socket
import threading
import time
from collections import Counter
from itertools import islice, pairwise

import pytest

from sluicegate.perf.distributions import always
from sluicegate.perf.load.engine import Engine, Rules
from sluicegate.perf.load.measurement import Measurement, quantile
from sluicegate.perf.load.shots import Shot, Timed, at_once, chats, evenly, poisson
from sluicegate.perf.load.target import target_of
from sluicegate.perf.load.traffic import Traffic
from sluicegate.perf.simulate.behaviour import Behaviour
from tests.perf.simulated import simulated

CLOSED = Rules(closed=True, connections=4)
OPEN = Rules(closed=False, connections=64)
ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}"


def run(url, timed, rules=CLOSED, tick=None):
    return Engine(target_of(url), iter(timed), rules, Measurement(), tick).run()


class Served:
    """A server that does with each connection what it is told, in threads of its own."""

    def __init__(self, serve):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        self.connections = 0
        self.serve = serve
        self.threads = [threading.Thread(target=self.accept)]
        self.threads[0].start()

    def accept(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            thread = threading.Thread(target=self.hold, args=(sock,))
            self.threads.append(thread)
            thread.start()

    def hold(self, sock):
        with sock:
            self.serve(sock)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for thread in self.threads:
            thread.join()


def receive(sock):
    data = b""
    while not data.endswith(b"}"):
        part = sock.recv(65536)
        if not part:
            return None
        data += part
    return data


def test_a_closed_loop_sends_all_and_counts_all():
    with simulated() as url:
        measured = run(url, at_once(chats("m"), 500))
    assert (measured.answers, measured.failures, measured.unfinished) == (500, 0, 0)
    assert measured.latency.get_total_count() == 500
    assert not measured.interrupted


def test_streams_are_timed_to_their_first_content_and_to_their_end():
    with simulated(Behaviour(first_token=always(0.03), tokens_per_second=always(100), tokens=always(6))) as url:
        measured = run(url, at_once(chats("m", stream=True), 8))
    assert (measured.answers, measured.failures) == (8, 0)
    assert measured.chunks == 8 * (1 + 6 + 1)
    assert 0.03 <= quantile(measured.first, 50) < quantile(measured.latency, 50)
    assert 0.08 <= quantile(measured.latency, 50) < 1


@pytest.mark.parametrize("stream", [False, True])
def test_cut_answers_are_errors(stream):
    with simulated(Behaviour(cut_rate=0.5), seed=3) as url:
        measured = run(url, at_once(chats("m", stream=stream), 60))
    assert measured.answers + measured.errors["cut"] == 60
    assert 15 < measured.errors["cut"] < 45


def test_statuses_are_kinds_of_error():
    with simulated(Behaviour(error_rate=0.5, limit_rate=0.5)) as url:
        measured = run(url, at_once(chats("m"), 60))
    assert set(measured.errors) == {"http_500", "http_429"}
    assert measured.failures == 60
    assert measured.error_rate == 1.0


def test_what_stays_silent_times_out():
    with simulated(Behaviour(stall_rate=1.0)) as url:
        measured = run(url, at_once(chats("m"), 4), Rules(closed=True, connections=4, timeout=0.1))
    assert measured.errors == Counter(timeout=4)


def test_a_port_where_nobody_listens_is_an_error_of_connecting():
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    assert run(f"http://127.0.0.1:{port}", at_once(chats("m"), 3)).errors == Counter(connect=3)


def test_an_address_that_cannot_be_reached_at_all_is_one_too():
    """The system says so at once, thousands of times in a row."""
    assert run("http://255.255.255.255:9", at_once(chats("m"), 3000)).errors == Counter(connect=3000)


def test_without_descriptors_connections_fail_and_the_run_goes_on():
    with simulated() as url:
        engine = Engine(target_of(url), at_once(chats("m"), 50), CLOSED, Measurement())
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        with socket.socket() as last:
            resource.setrlimit(resource.RLIMIT_NOFILE, (last.fileno(), hard))
        try:
            measured = engine.run()
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert measured.errors == Counter(connect=50)


def test_an_open_loop_keeps_its_times():
    with simulated() as url:
        began = time.perf_counter()
        measured = run(url, islice(evenly(chats("m"), 200), 41), OPEN)
    assert 0.2 <= time.perf_counter() - began < 1
    assert measured.answers == 41
    assert measured.late.get_total_count() == 41
    assert quantile(measured.late, 50) < 0.02


def test_an_open_loop_sends_whatever_the_answers_do():
    """All forty are sent while none of them has an answer."""
    with simulated(Behaviour(first_token=always(0.4))) as url:
        measured = run(url, islice(evenly(chats("m"), 400), 40), OPEN)
    assert 0.49 <= measured.duration < 4
    assert quantile(measured.latency, 99) < 2


def test_requests_scheduled_during_a_stall_count_their_waiting():
    """One connection, a server that stalls once for 0.4 s: the other requests of that time are late as well."""

    def stall_once(sock):
        time.sleep(0.4 if receive(sock) else 0)
        sock.sendall(ANSWER)
        while receive(sock):
            sock.sendall(ANSWER)

    with Served(stall_once) as server:
        measured = run(server.url, islice(evenly(chats("m"), 100), 80), Rules(closed=False, connections=1))
    assert measured.answers == 80
    # The 40 that were to be sent in the stall waited for its end, evenly from all of it to nothing.
    assert quantile(measured.latency, 99) == pytest.approx(0.4, abs=0.1)
    assert quantile(measured.latency, 75) == pytest.approx(0.2, abs=0.1)
    assert quantile(measured.latency, 40) < 0.1
    assert quantile(measured.late, 75) == pytest.approx(0.2, abs=0.1)


def test_a_connection_that_was_closed_while_idle_costs_no_request():
    def once(sock):
        if receive(sock):
            sock.sendall(ANSWER)

    with Served(once) as server:
        measured = run(server.url, at_once(chats("m"), 10), Rules(closed=True, connections=1))
        assert server.connections == 10
    assert (measured.answers, measured.failures) == (10, 0)


def test_a_fresh_connection_that_is_closed_without_an_answer_fails():
    with Served(receive) as server:
        assert run(server.url, at_once(chats("m"), 3)).errors == Counter(closed=3)


def test_a_run_may_have_an_end_in_time():
    with simulated() as url:
        measured = run(url, at_once(chats("m")), Rules(closed=True, connections=2, seconds=0.2))
    assert 0.19 < measured.duration < 2
    assert measured.answers > 20


def test_ctrl_c_ends_a_run_with_what_it_has():
    def interrupt(measured):
        if measured.answers >= 4:
            raise KeyboardInterrupt

    with simulated(Behaviour(first_token=always(0.02))) as url:
        measured = run(url, at_once(chats("m")), tick=interrupt)
    assert measured.interrupted
    assert measured.answers >= 4
    assert measured.unfinished == 4
    assert measured.duration > 0.2


def test_long_requests_reach_a_slow_reader_whole():
    sizes = []

    def slowly(sock):
        time.sleep(0.05)
        sizes.append(len(receive(sock) or b""))
        sock.sendall(ANSWER)
        sizes.append(len(receive(sock) or b""))
        sock.sendall(ANSWER)

    shot = Shot("chat", b'{"prompt":"' + b"x" * 8_000_000 + b'"}')
    with Served(slowly) as server:
        measured = run(server.url, at_once(iter([shot, shot])), Rules(closed=True, connections=1))
    assert measured.answers == 2
    assert min(sizes) > 8_000_000


def test_requests_carry_the_key_and_their_own_headers():
    seen = []

    def keep(sock):
        seen.append(receive(sock))
        sock.sendall(ANSWER)

    shot = Shot("chat", b"{}", headers={"cache-control": "no-cache", "host": "evil", "authorization": "Bearer other"})
    with Served(keep) as server:
        Engine(target_of(f"{server.url}/base/", "sk-1"), iter([Timed(0, shot)]), CLOSED, Measurement()).run()
    head, _, body = seen[0].partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    assert lines[0] == b"POST /base/v1/chat/completions HTTP/1.1"
    assert b"authorization: Bearer sk-1" in lines
    assert b"cache-control: no-cache" in lines
    assert b"host: evil" not in lines
    assert b"authorization: Bearer other" not in lines
    assert body == b"{}"


@pytest.mark.parametrize("url", ["https://a.example", "127.0.0.1:3000", "ftp://x", "http://"])
def test_what_is_no_target_is_refused(url):
    with pytest.raises(ValueError, match="is no target"):
        target_of(url)


def test_every_prompt_is_another_and_as_long():
    bodies = [shot.body for shot in islice(chats("m", size=500), 100)]
    assert len(set(bodies)) == 100
    assert {len(body) for body in bodies} == {len(bodies[0])}
    assert 500 <= len(bodies[0]) < 600


def test_poisson_arrivals_have_their_rate_and_are_not_even():
    times = [timed.at for timed in islice(poisson(chats("m"), 100.0, seed=5), 10_000)]
    assert times[-1] == pytest.approx(100, rel=0.05)
    pauses = sorted(b - a for a, b in pairwise(times))
    assert pauses[5000] == pytest.approx(0.0069, rel=0.05)


def test_a_target_may_want_headers_of_its_own():
    target = target_of("http://127.0.0.1:1", headers={"x-provider": "openai", "host": "evil", "x-both": "target"})
    data = target.encode(Shot("chat", b"{}", headers={"x-both": "shot"}))
    assert b"\r\nx-provider: openai\r\n" in data
    assert b"\r\nx-both: shot\r\n" in data
    assert b"evil" not in data


def test_a_round_ends_by_its_time():
    ticks = []
    with simulated() as url:
        measured = Traffic(requests=10**9, connections=2, seconds=0.3).send(target_of(url), tick=ticks.append)
    assert measured.failures == 0
    assert 0.3 <= measured.duration < 5
    assert ticks[0] is measured


def test_rounds_at_random_times_differ():
    with simulated(Behaviour()) as url:
        traffic = Traffic(requests=40, rate=400, random=True)
        rounds = [traffic.send(target_of(url)) for _ in range(2)]
    assert [one.answers for one in rounds] == [40, 40]
    assert abs(rounds[0].duration - rounds[1].duration) > 1e-3
