"""The simulated upstream speaks each provider's API: our providers understand it, and so do others' clients."""

import base64
import io
import wave

import anthropic
import openai
import pytest
from botocore.eventstream import EventStreamBuffer
from google import genai
from google.genai.types import HttpOptions

from sluicegate.perf.distributions import always
from sluicegate.perf.simulate.behaviour import Behaviour
from sluicegate.perf.simulate.places import place_of
from sluicegate.perf.simulate.voices.converse import ConverseVoice
from tests.adapters.http.harness import house
from tests.perf.simulated import simulated

# The client leaves its own generators to the garbage collector when it has read the last event, and trio says so.
pytestmark = pytest.mark.filterwarnings("ignore:Async generator '(openai|http):ResourceWarning")

TEXT = "the water of this river"
CLAUDE = {"model": "m", "max_tokens": 10, "messages": [{"role": "user", "content": "Hello"}]}
PROVIDERS = {
    "anthropic": {"type": "anthropic", "api_key": "k"},
    "azure": {"type": "azure", "api_key": "k", "api_version": "2024-10-21"},
    "cohere": {"type": "cohere", "api_key": "k"},
    "gemini": {"type": "gemini", "api_key": "k"},
    "groq": {"type": "groq", "api_key": "k", "base_url": "{}/openai/v1"},
    "ollama": {"type": "ollama"},
    "openai": {"type": "openai", "api_key": "k", "base_url": "{}/v1"},
    "vertex": {"type": "vertex", "access_token": "t", "project": "p", "location": "global"},
}
MODELS = dict.fromkeys(PROVIDERS, "any-model") | {"vertex's claude": "claude-sonnet-4-5"}


@pytest.fixture(scope="module")
def url():
    with simulated(Behaviour(tokens=always(5))) as url:
        yield url


@pytest.mark.parametrize("name", MODELS)
async def test_our_provider_understands_it(url, name):
    told = PROVIDERS[name.partition("'")[0]]
    settings = {**told, "base_url": told.get("base_url", "{}").format(url), "max_retries": 0}
    asked = {"model": f"p/{MODELS[name]}", "messages": [{"role": "user", "content": "Hello"}]}
    async with (
        house(providers={"p": settings}) as running,
        openai.AsyncOpenAI(base_url=f"http://127.0.0.1:{running.port}/v1", api_key="k", max_retries=0) as client,
    ):
        answer = await client.chat.completions.create(**asked)
        stream = await client.chat.completions.create(**asked, stream=True, stream_options={"include_usage": True})
        async with stream:
            chunks = [chunk async for chunk in stream]
    assert answer.choices[0].message.content == TEXT
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens) == (8, 5)
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == TEXT
    assert (chunks[-1].usage.prompt_tokens, chunks[-1].usage.completion_tokens) == (8, 5)


def test_anthropics_client_understands_it(url):
    with anthropic.Anthropic(base_url=url, api_key="k", max_retries=0) as client:
        assert client.messages.create(**CLAUDE).content[0].text == TEXT
        with client.messages.stream(**CLAUDE) as stream:
            message = stream.get_final_message()
    assert (message.content[0].text, message.usage.output_tokens) == (TEXT, 5)


def test_googles_client_understands_it(url):
    with genai.Client(api_key="k", http_options=HttpOptions(base_url=url)) as client:
        asked = {"model": "gemini-x", "contents": "Hello"}
        assert client.models.generate_content(**asked).text == TEXT
        parts = list(client.models.generate_content_stream(**asked))
        vectors = client.models.embed_content(model="gemini-x", contents="a").embeddings
        several = {"model": "text-embedding", "contents": ["a", "b"], "config": {"output_dimensionality": 4}}
        short = client.models.embed_content(**several)
    assert [len(vector.values) for vector in short.embeddings] == [4, 4]
    assert "".join(part.text or "" for part in parts) == TEXT
    assert (parts[0].model_version, parts[-1].usage_metadata.candidates_token_count) == ("gemini-x", 5)
    assert [len(vector.values) for vector in vectors] == [256]


@pytest.mark.parametrize("through", ["itself", "openai", "azure", "groq"])
async def test_pictures_speech_and_all_that_is_no_text_are_made(url, through):
    settings = PROVIDERS.get(through, PROVIDERS["openai"])
    settings = {**settings, "base_url": settings.get("base_url", "{}").format(url), "max_retries": 0}
    sound, picture = ("a.mp3", b"sound"), ("a.png", b"picture")
    async with house(providers={"p": settings}) as running:
        base, model = (f"{url}/v1", "m") if through == "itself" else (f"http://127.0.0.1:{running.port}/v1", "p/m")
        async with openai.AsyncOpenAI(base_url=base, api_key="k", max_retries=0) as client:
            heard = await client.audio.transcriptions.create(model=model, file=sound)
            assert heard.text == TEXT
            if through == "groq":
                return
            made = await client.images.generate(model=model, prompt="a weir", n=2)
            edited = await client.images.edit(model=model, prompt="a weir", image=picture)
            said = await client.audio.speech.create(model=model, voice="alloy", input="Hello")
            with wave.open(io.BytesIO(await said.aread())) as read:
                assert (read.getnframes(), read.getframerate()) == (4000, 8000)
            if through != "azure":
                judged = await client.moderations.create(model=model, input=["a", "b"])
                assert [one.flagged for one in judged.results] == [False, False]
    assert (len(made.data), len(edited.data)) == (2, 1)
    assert base64.b64decode(made.data[0].b64_json).startswith(b"\x89PNG")


@pytest.mark.parametrize("kind", ["openai", "cohere"])
async def test_documents_are_ranked(url, kind):
    settings = {**PROVIDERS[kind], "max_retries": 0}
    settings["base_url"] = settings.get("base_url", "{}").format(url)
    asked = {"model": "p/m", "query": "q", "documents": ["a", "b", "c"], "top_n": 2}
    async with house(providers={"p": settings}) as running:
        found = await running.ask("POST", "/v1/rerank", asked)
    assert [one["index"] for one in found.json["results"]] == [0, 1]


@pytest.mark.parametrize("tokens", [1, 5, 60])
def test_responses_are_numbered_from_the_first_event_to_the_last(tokens):
    with (
        simulated(Behaviour(tokens=always(tokens), tokens_per_second=always(5000))) as url,
        openai.OpenAI(base_url=f"{url}/v1", api_key="k", max_retries=0) as client,
    ):
        events = list(client.responses.create(model="100%d", input="Hello", stream=True))
        whole = client.responses.create(model="100%d", input="Hello")
    assert [event.sequence_number for event in events] == list(range(4 + tokens + 4))
    assert (events[-1].type, events[-1].response.model) == ("response.completed", "100%d")
    said = "".join(event.delta for event in events if event.type == "response.output_text.delta")
    assert events[-1].response.output_text == whole.output_text == said


def test_bedrocks_messages_are_read_by_aws_own_parser():
    parts = ConverseVoice().stream("m", 5, usage=True)
    buffer = EventStreamBuffer()
    buffer.add_data(b"".join([*parts.opening, *parts.words[:5], *parts.ending]))
    kinds = [message.headers[":event-type"] for message in buffer]
    assert kinds == ["messageStart", *["contentBlockDelta"] * 5, "contentBlockStop", "messageStop", "metadata"]


@pytest.mark.parametrize(
    ("path", "model"),
    [
        ("/v1beta/models/gemini-x:generateContent", "gemini-x"),
        ("/v1/projects/p/locations/l/publishers/google/models/g:streamGenerateContent", "g"),
        ("/openai/deployments/d%201/chat/completions", "d 1"),
        ("/model/anthropic.claude%3A1/converse", "anthropic.claude:1"),
        ("/model/a/converse-stream", "a"),
        ("/v1/chat/completions", ""),
    ],
)
def test_model_may_stand_in_the_path(path, model):
    place = place_of(path, "")
    assert place is not None
    assert place.model == model


@pytest.mark.parametrize("path", ["/v1/chat", "/v1/messages/batches", "/", "/v1/models/x"])
def test_there_is_nothing_elsewhere(path):
    assert place_of(path, "") is None


@pytest.mark.parametrize(
    ("path", "at"),
    [
        ("/v1/messages", ("error", "type")),
        ("/v1beta/models/g:generateContent", ("error", "status")),
        ("/v2/chat", ("message",)),
        ("/api/chat", ("error",)),
        ("/model/m/converse", ("__type",)),
        ("/v1/responses", ("error", "type")),
    ],
)
def test_errors_are_in_the_words_of_their_api(path, at):
    place = place_of(path, "")
    assert place is not None
    said = place.voice.error(429, "Rate limit reached.", "rate_limit_error")
    for name in at:
        said = said[name]
    assert isinstance(said, str)
