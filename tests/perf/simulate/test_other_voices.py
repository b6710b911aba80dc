"""What providers call by names of their own: our providers understand the simulated upstream in these too."""

import base64
import io
import json
import wave

import pytest

from sluicegate.cli import main
from sluicegate.perf.distributions import always
from sluicegate.perf.simulate.behaviour import Behaviour
from tests.adapters.http.harness import house
from tests.perf.simulated import simulated

PROVIDERS = {
    "anthropic": {"type": "anthropic", "api_key": "k"},
    "bedrock": {"type": "bedrock", "region": "us-east-1", "access_key_id": "AKIA0", "secret_access_key": "s"},
    "gemini": {"type": "gemini", "api_key": "k"},
    "mistral": {"type": "mistral", "api_key": "k", "base_url": "{}/v1"},
    "openrouter": {"type": "openrouter", "api_key": "k", "base_url": "{}/api/v1"},
    "vertex": {"type": "vertex", "access_token": "t", "project": "p", "location": "global"},
}
PICTURES = {
    "openrouter": "any-model",
    "gemini": "imagen-4.0-generate-001",
    "vertex": "imagen-4.0-generate-001",
    "gemini ": "gemini-2.5-flash-image",
    "vertex ": "gemini-2.5-flash-image",
    "bedrock": "amazon.titan-image-generator-v2:0",
    "bedrock ": "stability.sd3-5-large-v1:0",
}
SPEECH = {"gemini": "gemini-2.5-flash-preview-tts", "vertex": "gemini-2.5-flash-tts", "mistral": "voxtral-mini-tts"}
VECTORS = {"vertex": "text-embedding-005", "bedrock": "amazon.titan-embed-text-v2:0", "bedrock ": "cohere.embed-v4:0"}
RANKS = {"vertex": "semantic-ranker-default-004", "bedrock": "cohere.rerank-v3-5:0"}
COUNTS = {"anthropic": "claude-sonnet-4-5", "gemini": "gemini-2.5-flash", "vertex": "gemini-2.5-flash"}
LISTS = {
    **PROVIDERS,
    "azure": {"type": "azure", "api_key": "k"},
    "azure by date": {"type": "azure", "api_key": "k", "api_version": "2024-10-21"},
    "cohere": {"type": "cohere", "api_key": "k"},
    "groq": {"type": "groq", "api_key": "k", "base_url": "{}/openai/v1"},
    "ollama": {"type": "ollama"},
    "openai": {"type": "openai", "api_key": "k", "base_url": "{}/v1"},
}
COUNTS |= {"bedrock": "anthropic.claude-sonnet-4-5"}


@pytest.fixture(scope="module")
def url():
    with simulated(Behaviour(tokens=always(5))) as url:
        yield url


async def asked(url, name, path, **fields):
    """Return what a gateway with this provider answers, which must be good."""
    told = PROVIDERS[name.strip()]
    settings = {**told, "base_url": told.get("base_url", "{}").format(url), "max_retries": 0}
    async with house(providers={"p": settings}) as running:
        answer = await running.ask("POST", path, fields)
    assert answer.status == 200, answer.body
    return answer


@pytest.mark.parametrize("name", PICTURES)
async def test_pictures(url, name):
    answer = await asked(url, name, "/v1/images/generations", model=f"p/{PICTURES[name]}", prompt="A weir")
    (drawn,) = answer.json["data"]
    assert base64.b64decode(drawn["b64_json"]).startswith(b"\x89PNG")


@pytest.mark.parametrize("name", SPEECH)
async def test_speech(url, name):
    fields = {"input": "Hello", "voice": "Kore", "response_format": "wav"}
    answer = await asked(url, name, "/v1/audio/speech", model=f"p/{SPEECH[name]}", **fields)
    with wave.open(io.BytesIO(answer.body)) as sound:
        assert sound.getnframes() == 4000


@pytest.mark.parametrize("name", VECTORS)
async def test_vectors(url, name):
    answer = await asked(url, name, "/v1/embeddings", model=f"p/{VECTORS[name]}", input=["a weir"])
    assert [len(one["embedding"]) for one in answer.json["data"]] == [256]


@pytest.mark.parametrize("name", RANKS)
async def test_ranks(url, name):
    answer = await asked(url, name, "/v1/rerank", model=f"p/{RANKS[name]}", query="weir", documents=["a", "b", "c"])
    assert [one["index"] for one in answer.json["results"]] == [0, 1, 2]


@pytest.mark.parametrize("name", COUNTS)
async def test_counts_of_tokens(url, name):
    messages = [{"role": "user", "content": "Hello"}]
    answer = await asked(url, name, "/v1/messages/count_tokens", model=f"p/{COUNTS[name]}", messages=messages)
    assert answer.json == {"input_tokens": 8}


@pytest.mark.parametrize("name", LISTS)
def test_lists_of_models(url, name, tmp_path, capsys):
    told = {**LISTS[name], "base_url": LISTS[name].get("base_url", "{}").format(url)}
    file = tmp_path / "config.yaml"
    file.write_text(json.dumps({"providers": {"p": told}}))
    status = main(["providers", "check", str(file), "--json"])
    (checked,) = json.loads(capsys.readouterr().out)["providers"]
    models = None if told["type"] == "azure" else 1  # Azure lists models that might be deployed, and not those that are
    assert (status, checked["reachable"], checked["models"], checked["reason"]) == (0, True, models, "")
