"""What Bedrock sends."""

from sluicegate.pipeline.form.blocks import Text, Thinking, ToolCall
from sluicegate.pipeline.provider import UpstreamHead
from sluicegate.pipeline.reply import Usage
from tests.adapters.providers.bedrock.frames import message

JSON = UpstreamHead(200, {"content-type": "application/json"})
EVENTS = UpstreamHead(200, {"content-type": "application/vnd.amazon.eventstream"})
WHOLE = {
    "output": {
        "message": {
            "role": "assistant",
            "content": [
                {"reasoningContent": {"reasoningText": {"text": "hm", "signature": "c2ln"}}},
                {"reasoningContent": {"redactedContent": "AAEC"}},
                {"text": "Hi"},
                {
                    "citationsContent": {
                        "content": [{"text": "It rains"}],
                        "citations": [
                            {"title": "W", "location": {"web": {"url": "https://w.test", "domain": "w.test"}}}
                        ],
                    }
                },
                {"toolUse": {"toolUseId": "tooluse_2", "name": "get", "input": {"c": "Oslo"}}},
            ],
        }
    },
    "stopReason": "tool_use",
    "usage": {
        "inputTokens": 10,
        "outputTokens": 5,
        "totalTokens": 20,
        "cacheReadInputTokens": 2,
        "cacheWriteInputTokens": 3,
    },
    "metrics": {"latencyMs": 300},
}
DELTA, START, STOP = "contentBlockDelta", "contentBlockStart", "contentBlockStop"
EXAMPLE = [
    ("messageStart", {"role": "assistant", "p": "abc"}),
    (DELTA, {"contentBlockIndex": 0, "delta": {"reasoningContent": {"text": "h"}}}),
    (DELTA, {"contentBlockIndex": 0, "delta": {"reasoningContent": {"text": "m"}}}),
    (DELTA, {"contentBlockIndex": 0, "delta": {"reasoningContent": {"signature": "c2ln"}}}),
    (STOP, {"contentBlockIndex": 0}),
    (DELTA, {"contentBlockIndex": 1, "delta": {"reasoningContent": {"redactedContent": "AAEC"}}}),
    (STOP, {"contentBlockIndex": 1}),
    (DELTA, {"contentBlockIndex": 2, "delta": {"text": "Grü"}, "p": "abcdefgh"}),
    (DELTA, {"contentBlockIndex": 2, "delta": {"text": "ße"}}),
    (STOP, {"contentBlockIndex": 2}),
    (START, {"contentBlockIndex": 3, "start": {"toolUse": {"toolUseId": "t1", "name": "get"}}}),
    (DELTA, {"contentBlockIndex": 3, "delta": {"toolUse": {"input": '{"c": "Os'}}}),
    (DELTA, {"contentBlockIndex": 3, "delta": {"toolUse": {"input": 'lo"}'}}}),
    (STOP, {"contentBlockIndex": 3}),
    (START, {"contentBlockIndex": 4, "start": {"toolUse": {"toolUseId": "t2", "name": "now"}}}),
    (STOP, {"contentBlockIndex": 4}),
    ("messageStop", {"stopReason": "tool_use"}),
    ("metadata", {"usage": WHOLE["usage"], "metrics": {"latencyMs": 9}}),
]
TOLD = (
    Thinking("hm", "c2ln"),
    Thinking(redacted="AAEC"),
    Text("Grüße"),
    ToolCall("t1", "get", '{"c": "Oslo"}'),
    ToolCall("t2", "now", "{}"),
)
USAGE = Usage(input=15, output=5, cached=2, cache_write=3)
SENT = b"".join(message(kind, payload) for kind, payload in EXAMPLE)
