"""Recorded requests and configurations from a few words."""

import json

from sluicegate.pipeline.config.load import load
from sluicegate.pipeline.registry import Registry
from sluicegate.pipeline.take import RecordedAttempt, RecordedChunk, Take

PROVIDERS = """
providers:
  one: { type: openai, base_url: "http://one.invalid/v1", api_key: k, max_retries: 0 }
  two: { type: simulator, max_retries: 0 }
"""


def config(text, providers=PROVIDERS):
    return load(providers + text, {}, Registry()).config


def take(number=0, arrival=0.0, *, model="one/a", stream=False, attempts=None, **fields):
    """A chat that `one/a` answered after a second."""
    asked = {"model": model, "messages": [{"role": "user", "content": f"Hello {number}"}], "stream": stream}
    given = {
        "model": model,
        "stream": stream,
        "body": json.dumps(asked).encode(),
        "attempts": (attempt(),) if attempts is None else attempts,
        "usage": {"input": 3, "output": 5},
        "duration": 1.0,
    }
    return Take(arrival, "chat", **{**given, **fields})


def attempt(target="one/a", started=0.0, first=None, ended=1.0, code=None):
    return RecordedAttempt(target, started, first, ended, code)


def chunks(*times):
    return tuple(RecordedChunk(at, 120) for at in times)
