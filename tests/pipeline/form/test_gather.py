"""Events of a stream make up the answer that they tell."""

from sluicegate.pipeline.form.answer import Answer, Choice
from sluicegate.pipeline.form.blocks import Refusal, Text, Thinking, ToolCall
from sluicegate.pipeline.form.events import (
    Begin,
    CallBegin,
    CallPart,
    Cited,
    Count,
    End,
    RefusalPart,
    TextPart,
    ThinkingPart,
)
from sluicegate.pipeline.form.gather import gather
from sluicegate.pipeline.reply import Usage


def blocks(*events) -> tuple:
    (choice,) = gather(events).choices
    return choice.blocks


def test_beginning_end_and_tokens_are_the_answers():
    told = gather([Begin("a", "m", 7, Usage(1)), TextPart("x"), End("stop", stop_text="END"), Count(Usage(1, 2))])
    choice = Choice((Text("x"),), "stop", stop_text="END")
    assert told == Answer(id="a", model="m", created=7, choices=(choice,), usage=Usage(1, 2))
    assert gather([Begin(usage=Usage(1))]) == Answer(choices=(), usage=Usage(1))


def test_pieces_of_one_kind_are_one_block():
    told = (ThinkingPart("h"), ThinkingPart("m"), TextPart("a"), TextPart(""), TextPart("b"), RefusalPart("n"))
    assert blocks(*told, RefusalPart("o")) == (Thinking("hm"), Text("ab"), Refusal("no"))


def test_signature_ends_a_thought():
    told = (ThinkingPart("h"), ThinkingPart(signature="s1"), ThinkingPart("m", "s2"), ThinkingPart(redacted="x"))
    expected = (Thinking("h", "s1"), Thinking("m", "s2"), Thinking(redacted="x"), Thinking("so"))
    assert blocks(*told, ThinkingPart("so")) == expected


def test_calls_are_told_apart_by_their_slots():
    told = (CallBegin(0, "c1", "a", "s"), CallBegin(1, "c2", "b"), CallPart(0, "{"), CallPart(0, "}"), TextPart("x"))
    assert blocks(*told) == (ToolCall("c1", "a", "{}", "s"), ToolCall("c2", "b", "{}"), Text("x"))
    assert blocks(CallBegin(0, "c1", "a"), CallPart(0, '{"q":'), CallPart(0, "1}")) == (ToolCall("c1", "a", '{"q":1}'),)


def test_citations_are_of_the_text_before_them():
    one, two = {"url": "1"}, {"url": "2"}
    told = (Cited(one), TextPart("a"), Cited(one), Cited(two), TextPart("b"))
    assert blocks(*told) == (Text("a", citations=(one, two)), Text("b"))


def test_choices_are_in_order_of_their_index():
    told = gather([TextPart("b", 1), TextPart("a"), End(choice=1), End("length")])
    assert told.choices == (Choice((Text("a"),), "length"), Choice((Text("b"),), index=1))


def test_log_probabilities_are_joined():
    told = [
        TextPart("a", logprobs={"content": [1], "refusal": None}),
        TextPart("b"),
        TextPart("c", logprobs={"content": [2]}),
    ]
    (choice,) = gather(told).choices
    assert choice.logprobs == {"content": [1, 2], "refusal": None}
