"""Other gateways beside this one: how they are found, started, measured by turns, and shown."""

import sys

import pytest

from sluicegate.perf.bench import peers
from sluicegate.perf.bench.peers import NODE_MODULE, OURS, Figures, Peer, in_markdown, measure, started
from sluicegate.perf.distributions import always
from sluicegate.perf.load.target import target_of
from sluicegate.perf.processes import NotStarted
from sluicegate.perf.simulate.behaviour import Behaviour
from tests.perf.simulated import simulated

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs Linux's /proc")


def peer(command, name="Other 1", health="/health"):
    return Peer(name, 2, health, lambda port, url, state: [sys.executable, *command(port)], lambda url: {"x-to": url})


def test_installed_gateways_are_found_with_their_versions(tmp_path):
    with pytest.raises(FileNotFoundError, match="make bench-peers"):
        peers.peers(tmp_path)
    (tmp_path / "litellm/lib/python3.11/site-packages/litellm-1.2.3.dist-info").mkdir(parents=True)
    (tmp_path / NODE_MODULE).mkdir(parents=True)
    (tmp_path / NODE_MODULE / "package.json").write_text('{"version": "4.5.6"}')
    found = peers.peers(tmp_path)
    assert [one.name for one in found] == ["LiteLLM 1.2.3", "Portkey 4.5.6"]
    (tmp_path / "state").mkdir()
    for one in found:
        assert any("4321" in part for part in one.command(4321, "http://127.0.0.1:1", tmp_path / "state"))
    assert "http://127.0.0.1:1/v1" in (tmp_path / "state" / "litellm.yaml").read_text()
    assert found[1].headers("http://127.0.0.1:1")["x-portkey-custom-host"] == "http://127.0.0.1:1/v1"


@linux
def test_a_slower_gateway_is_beaten_as_often_as_it_is_slower():
    slow = peer(lambda port: ["-m", "sluicegate", "perf", "simulate", "--port", str(port), "--first-token", "50ms"])
    with simulated(Behaviour(first_token=always(0.005))) as url, started(slow, url, ()) as other:
        found = {OURS: Figures(target_of(url), other.pid), "Other 1": other}
        measure(found, seconds=0.4, rounds=2)
        assert other.target.headers == {"x-to": url}
    assert len(other.rates) == 2
    assert other.memory > 2**20
    ours, theirs = in_markdown(found, {"Other 1": 2}).splitlines()[-2:]
    assert ours.startswith(f"| {OURS} |")
    assert theirs.endswith("| 2 | yes |")
    assert in_markdown(found, {"Other 1": 1000}).endswith("| 1,000 | **no** |")


def test_one_that_does_not_start_says_why():
    failing = peer(lambda port: ["-c", "print('no such model'); raise SystemExit(3)"])
    with pytest.raises(NotStarted, match="no such model"), started(failing, "http://127.0.0.1:1", (), within=0.3):
        pass
