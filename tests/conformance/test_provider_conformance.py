"""All built-in providers pass the suite for providers."""

from dataclasses import replace

import trio

from sluicegate.adapters.providers.anthropic import Anthropic, AnthropicSettings
from sluicegate.adapters.providers.bedrock import Bedrock, BedrockSettings
from sluicegate.adapters.providers.cohere import Cohere, CohereSettings
from sluicegate.adapters.providers.gemini import Gemini, GeminiSettings
from sluicegate.adapters.providers.ollama import Ollama, OllamaSettings
from sluicegate.adapters.providers.openai import OpenAI, OpenAISettings
from sluicegate.adapters.providers.simulator import Simulator, SimulatorSettings
from sluicegate.adapters.providers.vertex import Vertex, VertexSettings
from sluicegate.pipeline.provider import Translator
from tests.adapters.providers.bedrock.frames import message
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

GEMINI_WHOLE = (
    b'{"candidates":[{"content":{"role":"model","parts":[{"text":"plan","thought":true},{"text":"Gr\xc3\xbc\xc3\x9fe"}]},'
    b'"finishReason":"STOP","index":0}],"usageMetadata":{"promptTokenCount":9,"candidatesTokenCount":3,'
    b'"thoughtsTokenCount":2,"totalTokenCount":14},"modelVersion":"g","responseId":"r1"}\n'
)
GEMINI_STREAM = (
    b'data: {"candidates":[{"content":{"role":"model","parts":[{"text":""}]},"index":0}],"usageMetadata":'
    b'{"promptTokenCount":9,"totalTokenCount":9},"modelVersion":"g","responseId":"r1"}\r\n\r\n'
    b'data: {"candidates":[{"content":{"role":"model","parts":[{"text":"Gr\xc3\xbc\xc3\x9fe"}]},"index":0}],'
    b'"modelVersion":"g","responseId":"r1"}\r\n\r\n'
    b'data: {"candidates":[{"content":{"role":"model","parts":[{"text":""}]},"index":0,"finishReason":"STOP"}],'
    b'"usageMetadata":{"promptTokenCount":9,"candidatesTokenCount":5,"totalTokenCount":14},"modelVersion":"g",'
    b'"responseId":"r1"}\r\n\r\n'
)
GEMINI_ERRORS = {
    400: b'{"error":{"code":400,"message":"topP is wrong","status":"INVALID_ARGUMENT"}}',
    401: b'{"error":{"code":401,"message":"Invalid credentials","status":"UNAUTHENTICATED"}}',
    404: b'{"error":{"code":404,"message":"models/m is not found","status":"NOT_FOUND"}}',
    429: b'{"error":{"code":429,"message":"Quota exceeded","status":"RESOURCE_EXHAUSTED"}}',
    500: b'{"error":{"code":500,"message":"An internal error","status":"INTERNAL"}}',
}
GEMINI_STREAM_ERROR = b'data: {"error":{"code":503,"message":"overloaded","status":"UNAVAILABLE"}}\r\n\r\n'


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


class TestGemini(ProviderConformance):
    sample = Sample(
        translator=Gemini("upstream", GeminiSettings(type="gemini", api_key=KEY)),
        whole=GEMINI_WHOLE,
        whole_usage=(9, 5),
        stream=GEMINI_STREAM,
        stream_usage=(9, 5),
        complete_from=GEMINI_STREAM.rindex(b"\r\n\r\n"),
        content_until=GEMINI_STREAM.rindex(b"data: "),
        stream_error=GEMINI_STREAM_ERROR,
        errors=GEMINI_ERRORS,
        ends_itself=False,
    )


class TestVertex(ProviderConformance):
    sample = replace(
        TestGemini.sample, translator=Vertex("upstream", VertexSettings(type="vertex", api_key=KEY, project="p"))
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


ANTHROPIC_WHOLE = (
    b'{"id":"msg_1","type":"message","role":"assistant","model":"m","content":[{"type":"text","text":"Gr\xc3\xbc\xc3\x9fe"}],'
    b'"stop_reason":"end_turn","stop_sequence":null,"usage":{"input_tokens":7,"cache_read_input_tokens":2,'
    b'"cache_creation_input_tokens":0,"output_tokens":5}}\n'
)
ANTHROPIC_STREAM = (
    b'event: message_start\ndata: {"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant",'
    b'"model":"m","content":[],"stop_reason":null,"stop_sequence":null,'
    b'"usage":{"input_tokens":7,"cache_read_input_tokens":2,"output_tokens":1}}}\n\n'
    b'event: content_block_start\ndata: {"type":"content_block_start","index":0,'
    b'"content_block":{"type":"text","text":""}}\n\n'
    b'event: ping\ndata: {"type": "ping"}\n\n'
    b'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,'
    b'"delta":{"type":"text_delta","text":"Gr\xc3\xbc\xc3\x9fe"}}\n\n'
    b'event: content_block_stop\ndata: {"type":"content_block_stop","index":0}\n\n'
    b'event: message_delta\ndata: {"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},'
    b'"usage":{"output_tokens":5}}\n\n'
    b'event: message_stop\ndata: {"type":"message_stop"}\n\n'
)
ANTHROPIC_ERRORS = {
    400: b'{"type":"error","error":{"type":"invalid_request_error","message":"max_tokens: required"},"request_id":"r"}',
    401: b'{"type":"error","error":{"type":"authentication_error","message":"invalid x-api-key"},"request_id":"r"}',
    404: b'{"type":"error","error":{"type":"not_found_error","message":"model: their-model"},"request_id":"r"}',
    429: b'{"type":"error","error":{"type":"rate_limit_error","message":"Number of tokens"},"request_id":"r"}',
    500: b'{"type":"error","error":{"type":"api_error","message":"Internal server error"},"request_id":"r"}',
}
ANTHROPIC_STREAM_ERROR = (
    b'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}\n\n'
)


class TestAnthropic(ProviderConformance):
    sample = Sample(
        translator=Anthropic("upstream", AnthropicSettings(type="anthropic", api_key=KEY)),
        whole=ANTHROPIC_WHOLE,
        whole_usage=(9, 5),
        stream=ANTHROPIC_STREAM,
        stream_usage=(9, 5),
        complete_from=len(ANTHROPIC_STREAM) - 2,
        content_until=ANTHROPIC_STREAM.index(b"event: content_block_stop"),
        stream_error=ANTHROPIC_STREAM_ERROR,
        errors=ANTHROPIC_ERRORS,
    )


OLLAMA_WHOLE = (
    b'{"model":"m","created_at":"2026-11-22T10:00:00.123456789Z","message":{"role":"assistant","content":"Gr\xc3\xbc\xc3\x9fe",'
    b'"thinking":"hm"},"done":true,"done_reason":"stop","total_duration":5,"prompt_eval_count":9,"eval_count":5}\n'
)
OLLAMA_STREAM = (
    b'{"model":"m","created_at":"2026-11-22T10:00:00Z","message":{"role":"assistant","content":"","thinking":"hm"},'
    b'"done":false}\n'
    b'{"model":"m","created_at":"2026-11-22T10:00:00Z","message":{"role":"assistant","content":"Gr\xc3\xbc\xc3\x9fe"},'
    b'"done":false}\n'
    b'{"model":"m","created_at":"2026-11-22T10:00:01Z","message":{"role":"assistant","content":""},"done":true,'
    b'"done_reason":"stop","prompt_eval_count":9,"eval_count":5}\n'
)
OLLAMA_ERRORS = {
    400: b'{"error":"registry.ollama.ai/library/m does not support tools"}',
    401: b'{"error":"unauthorized"}',
    404: b'{"error":"model \'their-model\' not found"}',
    429: b'{"error":"usage limit reached"}',
    500: b'{"error":"llama runner process has terminated"}',
}


class TestOllama(ProviderConformance):
    sample = Sample(
        translator=Ollama("upstream", OllamaSettings(type="ollama", api_key=KEY)),
        whole=OLLAMA_WHOLE,
        whole_usage=(9, 5),
        stream=OLLAMA_STREAM,
        stream_usage=(9, 5),
        complete_from=len(OLLAMA_STREAM) - 1,
        content_until=OLLAMA_STREAM.index(b'{"model":"m","created_at":"2026-11-22T10:00:01Z"'),
        stream_error=b'{"error":"an error was encountered while running the model"}\n',
        errors=OLLAMA_ERRORS,
        stream_type="application/x-ndjson",
    )


BEDROCK_WHOLE = (
    b'{"output":{"message":{"role":"assistant","content":[{"text":"Gr\xc3\xbc\xc3\x9fe"}]}},"stopReason":"end_turn",'
    b'"usage":{"inputTokens":7,"outputTokens":5,"totalTokens":14,"cacheReadInputTokens":2},"metrics":{"latencyMs":3}}\n'
)
BEDROCK_CONTENT = (
    message("messageStart", {"role": "assistant"})
    + message("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": "Grüße"}, "p": "abcd"})
    + message("contentBlockStop", {"contentBlockIndex": 0})
)
BEDROCK_STOP = message("messageStop", {"stopReason": "end_turn"})
BEDROCK_USAGE = message(
    "metadata",
    {"usage": {"inputTokens": 7, "outputTokens": 5, "totalTokens": 14, "cacheReadInputTokens": 2}, "metrics": {}},
)
BEDROCK_ERRORS = {
    400: b'{"message":"The value at topP is wrong"}',
    401: b'{"message":"Authentication failed"}',
    404: b'{"message":"Could not resolve the foundation model from the provided model identifier."}',
    429: b'{"message":"Too many requests, please wait before trying again."}',
    500: b'{"message":"The system encountered an unexpected error during processing."}',
}


class TestBedrock(ProviderConformance):
    sample = Sample(
        translator=Bedrock("upstream", BedrockSettings(type="bedrock", api_key=KEY)),
        whole=BEDROCK_WHOLE,
        whole_usage=(9, 5),
        stream=BEDROCK_CONTENT + BEDROCK_STOP + BEDROCK_USAGE,
        stream_usage=(9, 5),
        complete_from=len(BEDROCK_CONTENT + BEDROCK_STOP),
        content_until=len(BEDROCK_CONTENT),
        stream_error=message("throttlingException", {"message": "Too many requests"}, exception=True),
        errors=BEDROCK_ERRORS,
        stream_type="application/vnd.amazon.eventstream",
    )


COHERE_WHOLE = (
    b'{"id":"c14c80c3","finish_reason":"COMPLETE","message":{"role":"assistant","content":[{"type":"text",'
    b'"text":"Gr\xc3\xbc\xc3\x9fe"}]},"usage":{"billed_units":{"input_tokens":2.0,"output_tokens":4.0},'
    b'"tokens":{"input_tokens":9.0,"output_tokens":5.0}}}\n'
)
COHERE_STREAM = (
    b'event: message-start\ndata: {"type":"message-start","id":"c1","delta":{"message":{"role":"assistant",'
    b'"content":[],"tool_plan":"","tool_calls":[],"citations":[]}}}\n\n'
    b'event: content-start\ndata: {"type":"content-start","index":0,"delta":{"message":{"content":{"type":"text",'
    b'"text":""}}}}\n\n'
    b'event: content-delta\ndata: {"type":"content-delta","index":0,"delta":{"message":{"content":{"text":'
    b'"Gr\xc3\xbc\xc3\x9fe"}}}}\n\n'
    b'event: content-end\ndata: {"type":"content-end","index":0}\n\n'
    b'event: message-end\ndata: {"type":"message-end","id":"c1","delta":{"finish_reason":"COMPLETE","usage":{"tokens":'
    b'{"input_tokens":9,"output_tokens":5}}}}\n\n'
)
COHERE_ERRORS = {
    400: b'{"message":"invalid type: parameter temperature is of type string","id":"e"}',
    401: b'{"message":"invalid api token","id":"e"}',
    404: b'{"message":"model \'their-model\' not found","id":"e"}',
    429: b'{"message":"You are using a Trial key, which is limited","id":"e"}',
    500: b'{"message":"internal server error","id":"e"}',
}


class TestCohere(ProviderConformance):
    sample = Sample(
        translator=Cohere("upstream", CohereSettings(type="cohere", api_key=KEY)),
        whole=COHERE_WHOLE,
        whole_usage=(9, 5),
        stream=COHERE_STREAM,
        stream_usage=(9, 5),
        complete_from=len(COHERE_STREAM) - 2,
        content_until=COHERE_STREAM.index(b"event: content-end"),
        stream_error=(
            b'event: message-end\ndata: {"type":"message-end","delta":{"finish_reason":"ERROR",'
            b'"error":"generation failed"}}\n\n'
        ),
        errors=COHERE_ERRORS,
    )
