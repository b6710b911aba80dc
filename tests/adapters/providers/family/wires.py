"""What each member of the family sends: whole answers, streams and errors, as their own types have them."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from sluicegate.adapters.providers.azure import Azure, AzureSettings
from sluicegate.adapters.providers.custom import Custom, CustomSettings
from sluicegate.adapters.providers.family import Member
from sluicegate.adapters.providers.groq import Groq, GroqSettings
from sluicegate.adapters.providers.mistral import Mistral, MistralSettings
from sluicegate.adapters.providers.openrouter import OpenRouter, OpenRouterSettings
from sluicegate.adapters.providers.perplexity import Perplexity, PerplexitySettings
from sluicegate.adapters.providers.together import Together, TogetherSettings
from tests.conformance.provider_sample import KEY

BASE_URLS = {"azure": "https://res.openai.azure.com", "custom": "http://localhost:8000/v1"}
TYPES = {
    "azure": (Azure, AzureSettings),
    "custom": (Custom, CustomSettings),
    "groq": (Groq, GroqSettings),
    "mistral": (Mistral, MistralSettings),
    "openrouter": (OpenRouter, OpenRouterSettings),
    "perplexity": (Perplexity, PerplexitySettings),
    "together": (Together, TogetherSettings),
}


def build(type_: str, wall: Callable[[], float] = time.time, **settings: object) -> Member:
    """Return a translator of this type with `KEY`."""
    component, settings_class = TYPES[type_]
    given = {"type": type_, "api_key": KEY, **settings}
    if type_ in BASE_URLS:
        given.setdefault("base_url", BASE_URLS[type_])
    return component("upstream", settings_class(**given), wall=wall)


@dataclass(frozen=True)
class Wire:
    """One provider's answers. ``error`` is one as it stands in a stream."""

    whole: bytes
    whole_usage: tuple[int, int]
    stream: bytes
    stream_usage: tuple[int, int]
    error: bytes
    errors: dict[int, bytes]


def frames(*chunks: bytes) -> bytes:
    """Return a stream of these chunks."""
    return b"".join(b"data: " + chunk + b"\n\n" for chunk in (*chunks, b"[DONE]"))


_OPENAI_ERRORS = {
    400: b'{"error":{"message":"wrong","type":"invalid_request_error","param":"n","code":"invalid_value"}}',
    401: b'{"error":{"message":"Incorrect API key","type":"invalid_request_error","code":"invalid_api_key"}}',
    404: b'{"error":{"message":"no such model","type":"invalid_request_error","code":"model_not_found"}}',
    429: b'{"error":{"message":"Rate limit","type":"tokens","code":"rate_limit_exceeded"}}',
    500: b'{"error":{"message":"an error","type":"server_error","code":null}}',
}
_CHUNK = b'{"id":"c1","object":"chat.completion.chunk","created":1,"model":"m",'
_ERROR = b'data: {"error":{"message":"overloaded","type":"server_error","code":null}}\n\n'

WIRES = {
    "azure": Wire(
        whole=(
            b'{"id":"chatcmpl-az","object":"chat.completion","created":1790000000,"model":"gpt-4o-2024-11-20",'
            b'"prompt_filter_results":[{"prompt_index":0,"content_filter_results":{"hate":{"filtered":false,'
            b'"severity":"safe"},"jailbreak":{"filtered":false,"detected":false}}}],"choices":[{"index":0,'
            b'"finish_reason":"stop","logprobs":null,"message":{"role":"assistant","content":"Hi","refusal":null},'
            b'"content_filter_results":{"hate":{"filtered":false,"severity":"safe"}}}],'
            b'"usage":{"prompt_tokens":3,"completion_tokens":1,"total_tokens":4}}'
        ),
        whole_usage=(3, 1),
        stream=frames(
            b'{"choices":[],"created":0,"id":"","model":"","object":"","prompt_filter_results":[{"prompt_index":0,'
            b'"content_filter_results":{"hate":{"filtered":false,"severity":"safe"}}}]}',
            b'{"choices":[{"content_filter_results":{},"delta":{"content":"","refusal":null,"role":"assistant"},'
            b'"finish_reason":null,"index":0,"logprobs":null}],"created":1,"id":"az","model":"g",'
            b'"object":"chat.completion.chunk","system_fingerprint":"fp_1"}',
            b'{"choices":[{"content_filter_results":{"hate":{"filtered":false,"severity":"safe"}},"delta":'
            b'{"content":"Hi"},"finish_reason":null,"index":0}],"created":1,"id":"az","model":"g",'
            b'"object":"chat.completion.chunk"}',
            b'{"choices":[{"content_filter_results":{},"delta":{},"finish_reason":"stop","index":0}],"created":1,'
            b'"id":"az","model":"g","object":"chat.completion.chunk"}',
            b'{"choices":[],"created":1,"id":"az","model":"g","object":"chat.completion.chunk",'
            b'"usage":{"prompt_tokens":3,"completion_tokens":1,"total_tokens":4}}',
        ),
        stream_usage=(3, 1),
        error=_ERROR,
        errors={
            400: (
                b'{"error":{"message":"The response was filtered due to the prompt triggering Azure OpenAI\'s content '
                b'management policy.","type":null,"param":"prompt","code":"content_filter","status":400,"innererror":'
                b'{"code":"ResponsibleAIPolicyViolation","content_filter_result":{"violence":{"filtered":true,'
                b'"severity":"high"}}}}}'
            ),
            401: b'{"statusCode":401,"message":"Access denied due to invalid subscription key."}',
            404: b'{"error":{"code":"404","message":"Resource not found"}}',
            429: b'{"error":{"code":"429","message":"Requests have exceeded the rate limit."}}',
            500: b'{"error":{"code":"InternalServerError","message":"an error"}}',
        },
    ),
    "groq": Wire(
        whole=(
            b'{"id":"chatcmpl-g","object":"chat.completion","created":1790000000,"model":"openai/gpt-oss-20b",'
            b'"system_fingerprint":"fp","service_tier":"on_demand","choices":[{"index":0,"finish_reason":"stop",'
            b'"logprobs":null,"message":{"role":"assistant","content":"Hi","reasoning":"hm"}}],"usage":'
            b'{"queue_time":0.01,"prompt_tokens":9,"prompt_time":0.001,"completion_tokens":4,"completion_time":0.002,'
            b'"total_tokens":13,"total_time":0.003,"prompt_tokens_details":{"cached_tokens":0},'
            b'"completion_tokens_details":{"reasoning_tokens":2}},"x_groq":{"id":"req_1","seed":7}}'
        ),
        whole_usage=(9, 4),
        stream=frames(
            _CHUNK + b'"choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}],'
            b'"x_groq":{"id":"req_1"}}',
            _CHUNK + b'"choices":[{"index":0,"delta":{"reasoning":"hm"},"finish_reason":null}]}',
            _CHUNK + b'"choices":[{"index":0,"delta":{"content":"Hi"},"finish_reason":null}]}',
            _CHUNK + b'"choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"x_groq":{"id":"req_1","usage":'
            b'{"prompt_tokens":9,"completion_tokens":4,"total_tokens":13}}}',
        ),
        stream_usage=(9, 4),
        error=b'data: {"x_groq":{"error":"over capacity"},"choices":[]}\n\n',
        errors=_OPENAI_ERRORS,
    ),
    "mistral": Wire(
        whole=(
            b'{"id":"m1","object":"chat.completion","created":1790000000,"model":"mistral-x","choices":[{"index":0,'
            b'"finish_reason":"tool_calls","message":{"role":"assistant","content":[{"type":"thinking","thinking":'
            b'[{"type":"text","text":"hm"}],"closed":true},{"type":"text","text":"Hi"}],"tool_calls":[{"id":'
            b'"Ab3dE5gH1","type":"function","function":{"name":"get","arguments":"{\\"c\\":1}"},"index":0}],'
            b'"prefix":false}}],"usage":{"prompt_tokens":5,"completion_tokens":6,"total_tokens":11,'
            b'"prompt_tokens_details":{"cached_tokens":0}}}'
        ),
        whole_usage=(5, 6),
        stream=frames(
            _CHUNK + b'"choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]}',
            _CHUNK + b'"choices":[{"index":0,"delta":{"content":[{"type":"thinking","thinking":[{"type":"text",'
            b'"text":"hm"}]}]},"finish_reason":null}]}',
            _CHUNK + b'"choices":[{"index":0,"delta":{"content":"Hi"},"finish_reason":null}]}',
            _CHUNK + b'"choices":[{"index":0,"delta":{"content":""},"finish_reason":"stop"}],'
            b'"usage":{"prompt_tokens":5,"completion_tokens":6,"total_tokens":11}}',
        ),
        stream_usage=(5, 6),
        error=b'data: {"object":"error","message":"Service unavailable","type":"internal_server_error"}\n\n',
        errors={
            400: (
                b'{"object":"error","message":"Tool call id was x but must be a-z, A-Z, 0-9, with a length of 9.",'
                b'"type":"invalid_function_call","param":null,"code":"3280","raw_status_code":400}'
            ),
            401: b'{"detail":"Unauthorized"}',
            404: b'{"object":"error","message":"no such model","type":"invalid_model","code":"1500"}',
            429: b'{"message":"Requests rate limit exceeded"}',
            500: b'{"object":"error","message":{"detail":[{"msg":"broken"}]},"type":"internal"}',
        },
    ),
    "openrouter": Wire(
        whole=(
            b'{"id":"gen-1","object":"chat.completion","created":1790000000,"model":"anthropic/claude-x","provider":'
            b'"Anthropic","system_fingerprint":null,"service_tier":null,"choices":[{"index":0,"finish_reason":"stop",'
            b'"native_finish_reason":"end_turn","logprobs":null,"message":{"role":"assistant","content":"Hi",'
            b'"refusal":null,"reasoning":"hm","reasoning_details":[{"type":"reasoning.text","text":"hm","signature":'
            b'"s","format":"anthropic-claude-v1","index":0}],"annotations":[]}}],"usage":{"prompt_tokens":5,'
            b'"completion_tokens":6,"total_tokens":11,"cost":0.0001,"is_byok":false,"completion_tokens_details":'
            b'{"reasoning_tokens":2}}}'
        ),
        whole_usage=(5, 6),
        stream=b": OPENROUTER PROCESSING\n\n"
        + frames(
            _CHUNK + b'"provider":"P","choices":[{"index":0,"delta":{"role":"assistant","content":"","reasoning":"hm",'
            b'"reasoning_details":[{"type":"reasoning.text","text":"hm","format":"unknown","index":0}]},'
            b'"finish_reason":null,"native_finish_reason":null,"logprobs":null}]}',
            _CHUNK + b'"provider":"P","choices":[{"index":0,"delta":{"role":"assistant","content":"Hi"},'
            b'"finish_reason":null,"native_finish_reason":null,"logprobs":null}]}',
            _CHUNK + b'"provider":"P","choices":[{"index":0,"delta":{"role":"assistant","content":""},'
            b'"finish_reason":"stop","native_finish_reason":"stop","logprobs":null}],"usage":{"prompt_tokens":5,'
            b'"completion_tokens":2,"total_tokens":7,"cost":0.0001,"is_byok":false}}',
        ),
        stream_usage=(5, 2),
        error=(
            b"data: " + _CHUNK + b'"provider":"P","error":{"code":502,"message":"Provider disconnected","metadata":'
            b'{"error_type":"provider_unavailable","provider_code":"x"}},"choices":[{"index":0,"delta":{"content":""},'
            b'"finish_reason":"error"}]}\n\n'
        ),
        errors={
            400: b'{"error":{"code":400,"message":"wrong","metadata":{"error_type":"invalid_request"}}}',
            401: b'{"error":{"code":401,"message":"No auth credentials found"},"user_id":"u"}',
            404: b'{"error":{"code":404,"message":"No endpoints found for x/y."}}',
            429: b'{"error":{"code":429,"message":"Provider returned error","metadata":{"raw":"slow down"}}}',
            500: b'{"error":{"code":500,"message":"Internal Server Error"}}',
        },
    ),
    "perplexity": Wire(
        whole=(
            b'{"id":"u-1","model":"sonar","created":1790000000,"object":"chat.completion","usage":{"prompt_tokens":5,'
            b'"completion_tokens":7,"total_tokens":12,"search_context_size":"low","citation_tokens":0,'
            b'"num_search_queries":1,"reasoning_tokens":0,"cost":{"total_cost":0.005}},"citations":["https://e.test"],'
            b'"search_results":[{"title":"E","url":"https://e.test","date":"2026-01-02","snippet":"s","source":"web"}],'
            b'"choices":[{"index":0,"finish_reason":"stop","message":{"role":"assistant","content":"Hi [1]"},"delta":'
            b'{"role":"assistant","content":""}}]}'
        ),
        whole_usage=(5, 7),
        stream=frames(
            b'{"id":"u-1","model":"sonar","created":1,"object":"chat.completion.chunk","type":"message","status":'
            b'"PENDING","citations":["https://e.test"],"choices":[{"index":0,"finish_reason":null,"message":{"role":'
            b'"assistant","content":"Hi"},"delta":{"role":"assistant","content":"Hi"}}],"usage":{"prompt_tokens":5,'
            b'"completion_tokens":1,"total_tokens":6,"cost":{"total_cost":0}}}',
            b'{"id":"u-1","model":"sonar","created":1,"object":"chat.completion.chunk","type":"message","status":'
            b'"PENDING","citations":["https://e.test"],"choices":[{"index":0,"finish_reason":null,"message":{"role":'
            b'"assistant","content":"Hi [1]"},"delta":{"role":"assistant","content":" [1]"}}]}',
            b'{"id":"u-1","model":"sonar","created":1,"object":"chat.completion.chunk","type":"end_of_stream",'
            b'"status":"COMPLETED","citations":["https://e.test"],"choices":[{"index":0,"finish_reason":"stop",'
            b'"message":{"role":"assistant","content":"Hi [1]"},"delta":{"role":"assistant","content":""}}],"usage":'
            b'{"prompt_tokens":5,"completion_tokens":2,"total_tokens":7,"cost":{"total_cost":0.005}}}',
        ),
        stream_usage=(5, 2),
        error=b'event: error\ndata: {"error":{"message":"gone","type":"internal","code":500}}\n\n',
        errors={
            400: (
                b'{"error":{"message":"After the (optional) system message(s), user and assistant roles should be '
                b'alternating.","type":"invalid_message","code":400}}'
            ),
            401: b"<html><head><title>401 Authorization Required</title></head></html>",
            404: b'{"error":{"message":"Invalid model","type":"invalid_model","code":404}}',
            429: b'{"error":{"message":"Too many requests","type":"too_many_requests","code":429}}',
            500: b'{"error":{"message":"an error","type":"internal_server_error","code":500}}',
        },
    ),
    "together": Wire(
        whole=(
            b'{"id":"nX1-abc","object":"chat.completion","created":1790000000,"model":"meta-llama/X","prompt":[],'
            b'"choices":[{"index":0,"finish_reason":"tool_calls","seed":123,"logprobs":null,"message":{"role":'
            b'"assistant","content":"","reasoning":"hm","tool_calls":[{"index":0,"id":"call_1","type":"function",'
            b'"function":{"name":"get","arguments":"{\\"c\\":1}"}}]}}],"usage":{"prompt_tokens":5,'
            b'"completion_tokens":6,"total_tokens":11},"warnings":[{"message":"w"}]}'
        ),
        whole_usage=(5, 6),
        stream=frames(
            _CHUNK + b'"choices":[{"index":0,"text":"Hi","delta":{"role":"assistant","content":"Hi","token_id":17},'
            b'"logprobs":null,"finish_reason":null,"seed":null}],"usage":null}',
            _CHUNK + b'"choices":[{"index":0,"text":"!","delta":{"role":"assistant","content":"!","token_id":18},'
            b'"logprobs":-0.5,"finish_reason":null,"seed":null}],"usage":null}',
            _CHUNK + b'"choices":[{"index":0,"text":"","delta":{"role":"assistant","content":""},"finish_reason":"eos"'
            b',"seed":5}],"usage":{"prompt_tokens":5,"completion_tokens":6,"total_tokens":11}}',
        ),
        stream_usage=(5, 6),
        error=_ERROR,
        errors={
            400: b'{"id":"x","error":{"message":"wrong","type":"invalid_request_error","param":"n","code":null}}',
            401: b'{"id":"x","error":{"message":"Invalid API key","code":"invalid_api_key"}}',
            404: b'{"id":"x","error":{"message":"gone","param":"model","code":"model_not_available"}}',
            429: b'{"id":"x","error":{"message":"slow down","type":"model_rate_limit"}}',
            500: b'{"id":"x","error":{"message":"an error","type":"server_error"}}',
        },
    ),
    "custom": Wire(
        whole=(
            b'{"id":"cmpl-x","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"finish_reason":'
            b'"stop","message":{"role":"assistant","content":"Hi","reasoning_content":"hm","tool_calls":[]},'
            b'"stop_reason":null}],"usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2,'
            b'"prompt_tokens_details":null}}'
        ),
        whole_usage=(1, 1),
        stream=b": ping\n\n"
        b'data:{"id":"x","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":'
        b'{"role":"assistant","content":"H"},"finish_reason":null}],"usage":{"prompt_tokens":1,"completion_tokens":1,'
        b'"total_tokens":2}}\n\n'
        b'data: {"id":"x","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":'
        b'{"content":"i"},"finish_reason":null}],"usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}}'
        b"\n\n"
        b'data: {"id":"x","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":'
        b'{},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}}\n\n'
        b"data: [DONE]\n\n",
        stream_usage=(1, 2),
        error=b'error: {"code":500,"message":"slot failed","type":"server_error"}\n\n',
        errors={
            400: b'{"object":"error","message":"wrong","type":"BadRequestError","param":null,"code":400}',
            401: b'{"error":"Unauthorized"}',
            404: b'{"object":"error","message":"The model `x` does not exist.","type":"NotFoundError","code":404}',
            429: b'{"error":"Model is overloaded","error_type":"overloaded"}',
            500: b'{"detail":"Internal Server Error"}',
        },
    ),
}
