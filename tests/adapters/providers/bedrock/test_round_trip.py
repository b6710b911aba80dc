"""Random conversations with Bedrock, there and back."""

import msgspec

from sluicegate.adapters.providers.bedrock.turns import GOING_ON
from tests.adapters.providers.bedrock.asking import bedrock, check
from tests.adapters.providers.bedrock.examples import DELTA, EXAMPLE, START, STOP, WHOLE
from tests.adapters.providers.bedrock.frames import message
from tests.conformance.round_trip import Call, RoundTripConformance, Voices


def said(body: dict) -> list[tuple]:
    check(body)
    found: list[tuple] = []
    turns = body["messages"]
    if turns[-1]["content"] == [{"text": GOING_ON}]:  # nobody knows whether the model goes on with an answer of its own
        turns.pop()
    for one in (fields for turn in turns for fields in turn["content"]):
        if "toolUse" in one:
            found.append(("call", one["toolUse"]["toolUseId"], one["toolUse"]["name"], one["toolUse"]["input"]))
        elif "toolResult" in one:
            found.append(("result", one["toolResult"]["toolUseId"], one["toolResult"]["content"][0]["text"]))
        else:
            found.append(("text", one["text"]))
    return found


def whole(text: str, calls: list[Call]) -> bytes:
    uses = [{"toolUse": {"toolUseId": call.id, "name": call.name, "input": call.arguments}} for call in calls]
    said = {"message": {"role": "assistant", "content": [{"text": text}, *uses]}}
    return msgspec.json.encode({**WHOLE, "output": said, "stopReason": "tool_use" if calls else "end_turn"})


def stream(text: str, calls: list[Call]) -> bytes:
    sent = [("messageStart", {"role": "assistant"})]
    sent += [(DELTA, {"contentBlockIndex": 0, "delta": {"text": letter}}) for letter in text]
    for index, call in enumerate(calls, 1):
        sent.append(
            (START, {"contentBlockIndex": index, "start": {"toolUse": {"toolUseId": call.id, "name": call.name}}})
        )
        told = msgspec.json.encode(call.arguments).decode()
        parts = [told[at : at + 5] for at in range(0, len(told), 5)] if call.arguments else []
        sent += [(DELTA, {"contentBlockIndex": index, "delta": {"toolUse": {"input": part}}}) for part in parts]
        sent.append((STOP, {"contentBlockIndex": index}))
    sent.append(("messageStop", {"stopReason": "tool_use" if calls else "end_turn"}))
    return b"".join(message(kind, payload) for kind, payload in (*sent, EXAMPLE[-1]))


class TestRoundTrip(RoundTripConformance):
    voices = Voices(bedrock(), said, whole, stream, "application/vnd.amazon.eventstream")
