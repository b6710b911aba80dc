from __future__ import annotations

import contextlib
import json

import pytest
import trio

from sluicegate.pipeline.errors import InvalidRequest
from sluicegate.pipeline.exchange import Exchange
from sluicegate.pipeline.request import Request
from sluicegate.pipeline.resources import Resources
from sluicegate.pipeline.stage import Verdict
from sluicegate.stages.validate import LARGE, Validate, ValidateSettings

GOOD = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}


def exchange_of(operation: str, body: bytes) -> Exchange:
    return Exchange(Request(operation, body), deadline=60.0, started=0.0)


def chat_exchange(**fields: object) -> Exchange:
    return exchange_of("chat", json.dumps({**GOOD, **fields}).encode())


def validate(*, strict: bool = False) -> Validate:
    return Validate(ValidateSettings(strict=strict), Resources())


def padded_to(length: int) -> bytes:
    body = json.dumps(GOOD).encode()
    return body + b" " * (length - len(body))


@pytest.mark.parametrize("operation", ["models", "model"])
def test_request_without_a_body_passes_untouched(operation: str) -> None:
    exchange = exchange_of(operation, b"")
    assert validate().judge(exchange) is Verdict.PASS
    assert exchange.request.typed is None
    assert exchange.request.fields == {}


@pytest.mark.parametrize(
    ("operation", "body", "names"),
    [
        ("chat", b'{"model": "m", "messages": [{"role": "user", "content": "hi"}]}', ["model", "messages"]),
        ("completion", b'{"prompt": "p", "model": "m", "top_k": 3}', ["prompt", "model", "top_k"]),
        ("embedding", b'{"model": "m", "input": "i"}', ["model", "input"]),
    ],
)
def test_good_request_gets_its_fields_and_its_typed_view(operation: str, body: bytes, names: list[str]) -> None:
    exchange = exchange_of(operation, body)
    assert validate().judge(exchange) is Verdict.PASS
    assert list(exchange.request.fields) == names
    assert exchange.request.model == "m"


def test_refused_request_gets_neither_fields_nor_typed_view() -> None:
    exchange = chat_exchange(n=0)
    with pytest.raises(InvalidRequest, match="n: must be at least 1"):
        validate().judge(exchange)
    assert exchange.request.typed is None
    assert exchange.request.fields == {}


def test_body_of_up_to_the_limit_is_judged_at_once_and_a_larger_one_waits() -> None:
    small, large = exchange_of("chat", padded_to(LARGE)), exchange_of("chat", padded_to(LARGE + 1))
    assert validate().judge(small) is Verdict.PASS
    assert small.request.typed is not None
    assert validate().judge(large) is Verdict.WAIT
    assert large.request.typed is None


async def test_large_body_is_read_in_a_thread() -> None:
    exchange = exchange_of("chat", padded_to(LARGE + 1))
    assert await validate().attend(exchange) is Verdict.PASS
    assert exchange.request.model == "m"
    assert list(exchange.request.fields) == ["model", "messages"]


async def test_large_bad_body_is_refused_like_a_small_one() -> None:
    exchange = chat_exchange(messages=[{"role": "user", "content": "x" * LARGE}, {"role": "user", "content": 3}])
    assert validate().judge(exchange) is Verdict.WAIT
    with pytest.raises(InvalidRequest) as refused:
        await validate().attend(exchange)
    assert refused.value.param == "messages[1].content"


async def test_cancelled_exchange_does_not_wait_for_its_thread() -> None:
    exchange = exchange_of("chat", padded_to(LARGE + 1))
    with trio.CancelScope() as scope:
        scope.cancel()
        await validate().attend(exchange)
    assert scope.cancelled_caught
    assert exchange.request.typed is None


def nested(name: str, depth: int) -> bytes:
    return json.dumps(GOOD)[:-1].encode() + b', "%s": ' % name.encode() + b"[" * depth + b"]" * depth + b"}"


@pytest.mark.parametrize("name", ["unknown", "tools"])
async def test_hundred_thousand_nested_lists_are_refused(name: str) -> None:
    exchange = exchange_of("chat", nested(name, 100_000))
    assert validate().judge(exchange) is Verdict.WAIT
    with pytest.raises(InvalidRequest, match="nested too deeply") as refused:
        await validate().attend(exchange)
    assert refused.value.code == "invalid_json"


def test_no_depth_lies_between_what_one_decoder_bears_and_what_the_next_one_does_not() -> None:
    verdicts = set()
    for depth in range(850, 1001):
        exchange = exchange_of("chat", nested("unknown", depth))
        with contextlib.suppress(InvalidRequest):
            verdicts.add(validate(strict=False).judge(exchange))
        with contextlib.suppress(InvalidRequest):
            validate(strict=True).judge(exchange)
    assert verdicts == {Verdict.PASS}


def test_unknown_fields_pass_unless_strict() -> None:
    exchange = chat_exchange(temprature=1)
    assert validate().judge(exchange) is Verdict.PASS
    assert bytes(exchange.request.fields["temprature"]) == b"1"


@pytest.mark.parametrize(
    ("fields", "param", "message"),
    [
        ({"temprature": 1}, "temprature", "temprature: the API has no such field; did you mean 'temperature'?"),
        ({"zzz": 1}, "zzz", "zzz: the API has no such field"),
        (
            {"messages": [{"role": "user", "content": "a", "cache_control": {}}]},
            "messages[0].cache_control",
            "messages[0].cache_control: the API has no such field",
        ),
        (
            {"messages": [{"role": "user", "content": [{"type": "text", "text": "a", "txt": 1}]}]},
            "messages[0].content[0].txt",
            "messages[0].content[0].txt: the API has no such field; did you mean 'text'?",
        ),
        (
            {"stream": True, "stream_options": {"include_usages": True}},
            "stream_options.include_usages",
            "stream_options.include_usages: the API has no such field; did you mean 'include_usage'?",
        ),
        ({"x" * 65: 1}, "x" * 64 + "...", "x" * 64 + "...: the API has no such field"),
    ],
)
def test_strict_refuses_undocumented_fields_at_any_depth(fields: dict[str, object], param: str, message: str) -> None:
    assert validate(strict=False).judge(chat_exchange(**fields)) is Verdict.PASS
    with pytest.raises(InvalidRequest) as refused:
        validate(strict=True).judge(chat_exchange(**fields))
    assert (refused.value.param, refused.value.code) == (param, "unknown_parameter")
    assert refused.value.message == message


def test_strict_leaves_alone_what_is_free_by_the_api() -> None:
    tool = {"type": "function", "function": {"name": "f", "parameters": {"anything": {"goes": 1}}}}
    exchange = chat_exchange(tools=[tool], metadata={"any": "name"}, logit_bias={"1": 1})
    assert validate(strict=True).judge(exchange) is Verdict.PASS


@pytest.mark.parametrize("number", ["1e400", "5" * 5000])
def test_strict_refuses_numbers_out_of_range(number: str) -> None:
    body = json.dumps(GOOD)[:-1].encode() + b', "metadata2": ' + number.encode() + b"}"
    assert validate().judge(exchange_of("chat", body)) is Verdict.PASS
    with pytest.raises(InvalidRequest) as refused:
        validate(strict=True).judge(exchange_of("chat", body))
    assert refused.value.code == "invalid_json"
