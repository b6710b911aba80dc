"""A real model behind the gateway, the official clients in front of it. The protocol is checked, not what is said."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import anthropic
import openai
import pytest

from examples.real_model import MODEL, running_gateway, running_model

DEMO = Path(__file__).resolve().parents[1] / "examples" / "real_model.py"
MESSAGES = [{"role": "user", "content": "Count to five."}]
AT_ONCE = 2
"""Answers that the model's server writes at a time."""
LONG = 900
"""Tokens; as many as there is room for beside the question."""
SAMPLE = 20

pytestmark = pytest.mark.model


@pytest.fixture(scope="module")
def client() -> Iterator[openai.OpenAI]:
    with (
        running_model() as upstream,
        running_gateway(upstream) as gateway,
        openai.OpenAI(base_url=f"{gateway}/v1", api_key="none-needed", max_retries=0, timeout=60.0) as client,
    ):
        yield client


def test_chat_has_an_answer_and_usage(client):
    answer = client.chat.completions.create(model=MODEL, messages=MESSAGES, max_tokens=16)
    assert answer.choices[0].message.content
    assert answer.choices[0].finish_reason in ("stop", "length")
    assert answer.usage is not None
    assert answer.usage.prompt_tokens > 0
    assert 0 < answer.usage.completion_tokens <= 16
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens


@pytest.fixture(scope="module")
def claude(client) -> Iterator[anthropic.Anthropic]:
    gateway = str(client.base_url).rstrip("/").removesuffix("/v1")
    with anthropic.Anthropic(base_url=gateway, api_key="none-needed", max_retries=0, timeout=60.0) as claude:
        yield claude


def test_messages_have_an_answer_and_usage(claude):
    message = claude.messages.create(model=MODEL, messages=MESSAGES, max_tokens=16, system="Be brief.")
    (block,) = message.content
    assert block.text
    assert message.stop_reason in ("end_turn", "max_tokens")
    assert message.usage.input_tokens > 0
    assert 0 < message.usage.output_tokens <= 16


def test_streamed_messages_have_their_events_in_order(claude):
    with claude.messages.create(model=MODEL, messages=MESSAGES, max_tokens=16, stream=True) as stream:
        kinds = [event.type for event in stream if event.type != "ping"]
    assert kinds[:2] == ["message_start", "content_block_start"]
    assert set(kinds[2:-3]) == {"content_block_delta"}
    assert kinds[-3:] == ["content_block_stop", "message_delta", "message_stop"]


def test_tokens_of_messages_are_counted(claude):
    assert claude.messages.count_tokens(model=MODEL, messages=MESSAGES).input_tokens > 0


def test_reply_says_who_served_it(client):
    raw = client.chat.completions.with_raw_response.create(model=MODEL, messages=MESSAGES, max_tokens=2)
    assert raw.headers["x-sluicegate-provider"] == "local"
    assert raw.headers["x-sluicegate-model"] == MODEL


def test_stream_comes_in_chunks_and_ends_with_usage_if_asked(client):
    with client.chat.completions.create(
        model=MODEL, messages=MESSAGES, max_tokens=16, stream=True, stream_options={"include_usage": True}
    ) as stream:
        chunks = list(stream)
    content = [chunk for chunk in chunks if chunk.choices and chunk.choices[0].delta.content]
    assert len(content) > 1
    assert [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices][-1] in ("stop", "length")
    assert chunks[-1].choices == []
    assert chunks[-1].usage is not None
    assert 0 < chunks[-1].usage.completion_tokens <= 16


def test_stream_has_no_usage_chunk_if_not_asked(client):
    with client.chat.completions.create(model=MODEL, messages=MESSAGES, max_tokens=4, stream=True) as stream:
        assert all(chunk.choices for chunk in stream)


def test_leaving_streams_early_leaves_the_model_free(client):
    """As many as it writes at once: were they still being written, the next one would wait for the rest of them."""
    asked = {"model": MODEL, "messages": MESSAGES, "stream": True, "extra_body": {"ignore_eos": True}}
    with ExitStack() as stack:
        streams = [
            stack.enter_context(client.chat.completions.create(max_tokens=LONG, **asked)) for _ in range(AT_ONCE)
        ]
        for stream in streams:
            next(iter(stream))
        started = time.monotonic()
        for _ in range(SAMPLE):
            next(iter(streams[0]))
        a_token_takes = (time.monotonic() - started) / SAMPLE
    started = time.monotonic()
    # Not out of the gateway's cache, which needs no model.
    client.chat.completions.create(
        model=MODEL, messages=MESSAGES, max_tokens=2, extra_headers={"cache-control": "no-store"}
    )
    assert time.monotonic() - started < a_token_takes * LONG / 2


def test_completion_is_answered(client):
    answer = client.completions.create(model=MODEL, prompt="One, two,", max_tokens=4)
    assert answer.choices[0].text
    assert answer.usage is not None


def test_upstreams_refusal_reaches_the_client_as_its_own_error(client):
    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(model=MODEL, messages=[{"role": "user", "content": "long " * 3000}])
    assert caught.value.code == "context_length_exceeded"


def test_demonstration_streams_an_answer_and_says_what_it_took():
    done = subprocess.run([sys.executable, DEMO, "Say hello."], capture_output=True, text=True, timeout=180)
    assert done.returncode == 0, done.stderr
    assert "> Say hello." in done.stdout
    assert "tokens read, " in done.stdout.splitlines()[-1]


@pytest.mark.parametrize("to_all", [True, False])
def test_interrupted_demonstration_leaves_no_process_behind(to_all):
    """Ctrl-C signals every process of the terminal's group; `kill` signals one."""
    long = "Tell a very long story."
    demo = subprocess.Popen([sys.executable, DEMO, long], stdout=subprocess.PIPE, text=True, start_new_session=True)
    assert demo.stdout is not None
    with demo.stdout:
        assert any(long in line for line in demo.stdout)
        if to_all:
            os.killpg(demo.pid, signal.SIGINT)
        else:
            demo.send_signal(signal.SIGTERM)
        assert demo.wait(30) == 130
    with pytest.raises(ProcessLookupError):
        os.killpg(demo.pid, 0)
