"""Random conversations with OpenAI, and with servers that speak its API: nothing is lost, there or back."""

import msgspec

from sluicegate.adapters.providers.groq import Groq, GroqSettings
from sluicegate.adapters.providers.openai import OpenAI, OpenAISettings
from sluicegate.adapters.providers.openrouter import OpenRouter, OpenRouterSettings
from sluicegate.adapters.providers.together import Together, TogetherSettings
from tests.conformance.provider_sample import KEY
from tests.conformance.round_trip import Call, RoundTripConformance, Voices


def said(body: dict) -> list[tuple]:
    found: list[tuple] = []
    for message in body["messages"]:
        if message["role"] == "tool":
            found.append(("result", message["tool_call_id"], message["content"]))
            continue
        found.append(("text", message["content"]))
        for call in message.get("tool_calls", ()):
            function = call["function"]
            found.append(("call", call["id"], function["name"], msgspec.json.decode(function["arguments"])))
    return found


def call_of(call: Call) -> dict:
    function = {"name": call.name, "arguments": msgspec.json.encode(call.arguments).decode()}
    return {"id": call.id, "type": "function", "function": function}


def whole(text: str, calls: list[Call]) -> bytes:
    message = {
        "role": "assistant",
        "content": text,
        **({"tool_calls": [call_of(call) for call in calls]} if calls else {}),
    }
    choice = {"index": 0, "message": message, "finish_reason": "tool_calls" if calls else "stop"}
    return msgspec.json.encode(
        {"id": "c", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice]}
    )


def chunk(delta: dict, reason: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": reason}
    frame = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}
    return b"data: " + msgspec.json.encode(frame) + b"\n\n"


def stream(text: str, calls: list[Call]) -> bytes:
    found = [chunk({"role": "assistant", "content": ""}), *(chunk({"content": letter}) for letter in text)]
    for place, call in enumerate(calls):
        made = call_of(call)
        written = made["function"].pop("arguments")
        made["function"]["arguments"] = ""
        found.append(chunk({"tool_calls": [{"index": place, **made}]}))
        found += [chunk({"tool_calls": [{"index": place, "function": {"arguments": one}}]}) for one in written]
    return b"".join(found) + chunk({}, "tool_calls" if calls else "stop") + b"data: [DONE]\n\n"


class TestOpenAI(RoundTripConformance):
    voices = Voices(OpenAI("p", OpenAISettings(type="openai", api_key=KEY)), said, whole, stream)


class TestGroq(RoundTripConformance):
    voices = Voices(Groq("p", GroqSettings(type="groq", api_key=KEY)), said, whole, stream)


class TestOpenRouter(RoundTripConformance):
    voices = Voices(OpenRouter("p", OpenRouterSettings(type="openrouter", api_key=KEY)), said, whole, stream)


class TestTogether(RoundTripConformance):
    voices = Voices(Together("p", TogetherSettings(type="together", api_key=KEY)), said, whole, stream)
