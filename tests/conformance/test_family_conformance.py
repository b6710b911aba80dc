"""All members of OpenAI's family pass the suite for providers."""

from tests.adapters.providers.family.wires import WIRES, build
from tests.conformance.provider import ProviderConformance
from tests.conformance.provider_sample import Sample


def sample_of(type_: str) -> Sample:
    """Return what a provider of this type sends."""
    wire = WIRES[type_]
    stop = wire.stream.index(b'"finish_reason":"eos"' if type_ == "together" else b'"finish_reason":"stop"')
    return Sample(
        translator=build(type_),
        whole=wire.whole,
        whole_usage=wire.whole_usage,
        stream=wire.stream,
        stream_usage=wire.stream_usage,
        complete_from=wire.stream.index(b"\n\n", stop),
        content_until=wire.stream.rindex(b"\n\n", 0, stop) + 2,
        stream_error=wire.error,
        errors=wire.errors,
    )


class TestAzure(ProviderConformance):
    sample = sample_of("azure")


class TestCustom(ProviderConformance):
    sample = sample_of("custom")


class TestGroq(ProviderConformance):
    sample = sample_of("groq")


class TestMistral(ProviderConformance):
    sample = sample_of("mistral")


class TestOpenRouter(ProviderConformance):
    sample = sample_of("openrouter")


class TestPerplexity(ProviderConformance):
    sample = sample_of("perplexity")


class TestTogether(ProviderConformance):
    sample = sample_of("together")
