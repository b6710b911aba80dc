import os

import pytest

from sluicegate.adapters.workers.count import count_workers
from sluicegate.pipeline.config.load import load
from sluicegate.pipeline.config.problems import ConfigError
from sluicegate.pipeline.registry import Registry


def setting(text):
    return load(f"server: {{ workers: {text} }}", {}, Registry()).config.server.workers


def test_a_number_means_itself():
    assert count_workers(setting("3")) == 3


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="this system binds no process to cores")
def test_auto_is_one_for_each_core_that_may_be_used():
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(cores)})
    try:
        assert count_workers(setting("auto")) == 1
    finally:
        os.sched_setaffinity(0, cores)
    assert count_workers(setting("auto")) == len(cores)


@pytest.mark.parametrize("text", ["0", "257", "many", "1.5"])
def test_other_values_are_wrong(text):
    with pytest.raises(ConfigError):
        setting(text)
