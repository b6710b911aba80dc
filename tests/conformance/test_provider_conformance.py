"""All built-in providers pass the suite for providers."""

import trio

from sluicegate.adapters.providers.openai import OpenAI, OpenAISettings
from sluicegate.adapters.providers.simulator import Simulator, SimulatorSettings
from sluicegate.pipeline.provider import Translator
from tests.conformance.provider import KeylessProviderConformance, ProviderConformance
from tests.conformance.provider_sample import KEY, TARGET, Sample, ask

OPENAI_WHOLE = (
    b'{"id":"chatcmpl-a1","object":"chat.completion","created":1790000000,"model":"m","choices":[{"index":0,'
    b'"message":{"role":"assistant","content":"Gr\xc3\xbc\xc3\x9fe","refusal":null},"logprobs":null,'
    b'"finish_reason":"stop"}],"usage":{"prompt_tokens":9,"completion_tokens":5,"total_tokens":14}}\n'
)
OPENAI_STREAM = (
    b'data: {"id":"chatcmpl-a1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,'
    b'"delta":{"role":"assistant","content":""},"finish_reason":null}],"usage":null}\n\n'
    b'data: {"id":"chatcmpl-a1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,'
    b'"delta":{"content":"Gr\xc3\xbc\xc3\x9fe"},"finish_reason":null}],"usage":null}\n\n'
    b'data: {"id":"chatcmpl-a1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,'
    b'"delta":{},"finish_reason":"stop"}],"usage":null}\n\n'
    b'data: {"id":"chatcmpl-a1","object":"chat.completion.chunk","created":1,"model":"m","choices":[],'
    b'"usage":{"prompt_tokens":9,"completion_tokens":5,"total_tokens":14}}\n\n'
    b"data: [DONE]\n\n"
)
OPENAI_STREAM_ERROR = b'data: {"error":{"message":"overloaded","type":"server_error","param":null,"code":null}}\n\n'
OPENAI_ERRORS = {
    400: b'{"error":{"message":"\'n\' is wrong","type":"invalid_request_error","param":"n","code":"invalid_value"}}',
    401: b'{"error":{"message":"Incorrect API key","type":"invalid_request_error","param":null,'
    b'"code":"invalid_api_key"}}',
    404: b'{"error":{"message":"no such model","type":"invalid_request_error","param":null,"code":"model_not_found"}}',
    429: b'{"error":{"message":"Rate limit","type":"requests","param":null,"code":"rate_limit_exceeded"}}',
    500: b'{"error":{"message":"The server had an error","type":"server_error","param":null,"code":null}}',
}


def start_of_finish(stream: bytes) -> int:
    """Return where the event begins that says why the answer ended."""
    return stream.rindex(b"\n\n", 0, stream.index(b'"finish_reason":"stop"')) + 2


def end_of_finish(stream: bytes) -> int:
    """Return where the event that says why the answer ended has its last byte."""
    return stream.index(b"\n\n", stream.index(b'"finish_reason":"stop"'))


class TestOpenAI(ProviderConformance):
    sample = Sample(
        translator=OpenAI("upstream", OpenAISettings(type="openai", api_key=KEY)),
        whole=OPENAI_WHOLE,
        whole_usage=(9, 5),
        stream=OPENAI_STREAM,
        stream_usage=(9, 5),
        complete_from=end_of_finish(OPENAI_STREAM),
        content_until=start_of_finish(OPENAI_STREAM),
        stream_error=OPENAI_STREAM_ERROR,
        errors=OPENAI_ERRORS,
    )


async def _play(translator: Translator, **fields: object) -> bytes:
    """Return what the simulator sends."""
    transport = translator.transport()
    assert transport is not None
    response = await transport.send(translator.encode(ask(**fields), TARGET), connect=1.0)
    data = b""
    while piece := await response.receive():
        data += piece
    return data


def simulator_sample() -> Sample:
    given = SimulatorSettings(type="simulator", tokens=6, first_token=0.0, tokens_per_second=0.0)
    translator = Simulator("upstream", given)

    async def play() -> tuple[bytes, bytes]:
        return await _play(translator), await _play(translator, stream=True)

    whole, stream = trio.run(play)
    return Sample(
        translator=translator,
        whole=whole,
        whole_usage=(1, 6),
        stream=stream,
        stream_usage=(1, 6),
        complete_from=end_of_finish(stream),
        content_until=start_of_finish(stream),
        stream_error=OPENAI_STREAM_ERROR,
        errors=OPENAI_ERRORS,
    )


class TestSimulator(KeylessProviderConformance):
    sample = simulator_sample()
