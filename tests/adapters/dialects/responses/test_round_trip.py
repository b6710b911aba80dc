"""What an answer says comes back whole when its items are sent back: ids, arguments, signatures, order, unicode."""

import json

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st
from openai.types.responses import Response, ResponseStreamEvent
from pydantic import TypeAdapter

from sluicegate.adapters.dialects.responses import DIALECT
from sluicegate.pipeline.form.blocks import Text
from sluicegate.pipeline.form.events import Cited, End, TextPart
from tests.adapters.dialects.openai.drawn import answers
from tests.adapters.dialects.openai.test_round_trip import events_of
from tests.adapters.dialects.responses.asking import read

EVENT = TypeAdapter(ResponseStreamEvent)


def read_back(output: list[dict]) -> tuple:
    """Return the blocks that the items of an answer mean when they are sent back."""
    turns = read([*output, {"role": "user", "content": "go on"}]).turns[:-1]
    return tuple(block for turn in turns for block in turn.blocks)


def plain(output: list[dict]) -> list[dict]:
    """Return items without the ids that are made for them."""
    return [{name: value for name, value in item.items() if name != "id"} for item in output]


@given(answer=answers(most=1))
def test_whole_answer_comes_back_as_it_went_out(answer):
    body = DIALECT.whole(read(), answer)
    response = Response.model_validate_json(body)
    assert read_back(json.loads(body)["output"]) == answer.choices[0].blocks
    usage = answer.usage
    assert (response.usage.input_tokens, response.usage.output_tokens) == (usage.input, usage.output)
    assert response.usage.input_tokens_details.cached_tokens == usage.cached


@settings(max_examples=50)
@given(answer=answers(most=1), data=st.data())
def test_stream_tells_what_the_whole_answer_tells(answer, data):
    writer = DIALECT.writer(read(stream=True))
    batch = writer.write(list(events_of(answer, lambda: data.draw(st.integers(1, 7))))) + writer.end()
    events = [json.loads(chunk.data) for chunk in batch]
    for chunk in batch:
        assert EVENT.validate_json(chunk.data).type == chunk.event
    assert [event["sequence_number"] for event in events] == list(range(len(events)))
    last = events[-1]["response"]
    whole = json.loads(DIALECT.whole(read(), answer))
    assert plain(last["output"]) == plain(whole["output"])
    assert {**last, "id": "", "output": []} == {**whole, "id": "", "output": []}
    assert [event["item"] for event in events if event["type"] == "response.output_item.done"] == last["output"]


def test_order_of_events():
    writer = DIALECT.writer(read(stream=True))
    link = {"url": "https://e.test", "title": "T"}
    batch = writer.write([TextPart("Hi"), Cited(link), End()]) + writer.end()
    assert [chunk.event.removeprefix("response.") for chunk in batch] == [
        "created",
        "in_progress",
        "output_item.added",
        "content_part.added",
        "output_text.delta",
        "output_text.annotation.added",
        "output_text.done",
        "content_part.done",
        "output_item.done",
        "completed",
    ]
    note = {"type": "url_citation", "start_index": 0, "end_index": 2, **link}
    part = msgspec.json.decode(batch[-1].data)["response"]["output"][0]["content"][0]
    assert part["annotations"] == [note]
    assert read_back([{"role": "assistant", "content": [part]}]) == (Text("Hi", citations=(note,)),)
