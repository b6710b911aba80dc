"""OpenAI's official client and its Responses API against a gateway on a real socket, over the simulator."""

from contextlib import asynccontextmanager

import openai
import pytest
from pydantic import BaseModel

from tests.adapters.http.harness import house

pytestmark = pytest.mark.filterwarnings("ignore:Async generator '(openai|http):ResourceWarning")

TOOL = {
    "type": "function",
    "name": "weather",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}


@asynccontextmanager
async def gateway(*, keys=(), **provider):
    """Yield a client of a running gateway with one provider, and the gateway."""
    more = {"auth": {"api_keys": [{"key": key, "name": key} for key in keys]}} if keys else {}
    async with house(providers={"p": {"max_retries": 0, **provider}}, **more) as running:
        url = f"http://127.0.0.1:{running.port}/v1"
        async with openai.AsyncOpenAI(base_url=url, api_key=keys[0] if keys else "any", max_retries=0) as client:
            yield client, running


def simulator(**more):
    return gateway(type="simulator", first_token="1ms", tokens_per_second=5000, **more)


async def test_simulator_answers_and_streams():
    asked = {"model": "p/any", "input": "What is the weather?", "instructions": "Be brief", "metadata": {"a": "b"}}
    async with simulator(tokens=12) as (client, running):
        response = await client.responses.create(**asked)
        async with client.responses.stream(**asked) as stream:
            events = [event async for event in stream]
            streamed = await stream.get_final_response()
        await running.until_idle()
        counted = [(record["input_tokens"], record["output_tokens"]) for record in running.records]
    assert response.output_text.startswith('You said: "What is the weather?"')
    assert streamed.output_text == response.output_text
    assert (response.status, response.instructions, response.metadata) == ("completed", "Be brief", {"a": "b"})
    assert response.usage.output_tokens == streamed.usage.output_tokens == 12
    assert counted == [(6, 12), (6, 12)]
    assert [event.sequence_number for event in events] == list(range(len(events)))
    assert events[-1].type == "response.completed"


async def test_a_response_goes_on_from_another_by_its_id():
    async with simulator() as (client, _):
        first = await client.responses.create(model="p/any", input="one two three")
        second = await client.responses.create(model="p/any", input="four", previous_response_id=first.id)
        got = await client.responses.retrieve(second.id)
        async with client.responses.stream(model="p/any", input="five", previous_response_id=second.id) as stream:
            third = await stream.get_final_response()
        fourth = await client.responses.create(model="p/any", input="six", previous_response_id=third.id)
    assert second.usage.input_tokens == 3 + first.usage.output_tokens + 1
    assert second.previous_response_id == first.id
    assert got == second
    assert third.usage.input_tokens == second.usage.input_tokens + second.usage.output_tokens + 1
    assert fourth.usage.input_tokens == third.usage.input_tokens + third.usage.output_tokens + 1


async def test_what_is_deleted_or_was_not_to_be_stored_is_unknown():
    async with simulator() as (client, _):
        kept = await client.responses.create(model="p/any", input="one")
        await client.responses.delete(kept.id)
        passing = await client.responses.create(model="p/any", input="two", store=False)
        for gone in (kept.id, passing.id, "resp_none"):
            with pytest.raises(openai.NotFoundError, match=gone) as found:
                await client.responses.create(model="p/any", input="three", previous_response_id=gone)
            assert found.value.param == "previous_response_id"
            with pytest.raises(openai.NotFoundError, match=gone):
                await client.responses.retrieve(gone)
            with pytest.raises(openai.NotFoundError, match=gone):
                await client.responses.delete(gone)


async def test_a_response_is_its_tenants_alone():
    async with simulator(keys=("key-of-one-tenant", "key-of-another")) as (client, _):
        mine = await client.responses.create(model="p/any", input="one")
        other = client.with_options(api_key="key-of-another")
        with pytest.raises(openai.NotFoundError, match=mine.id):
            await other.responses.create(model="p/any", input="two", previous_response_id=mine.id)
        with pytest.raises(openai.NotFoundError, match=mine.id):
            await other.responses.delete(mine.id)
        assert (await client.responses.retrieve(mine.id)).id == mine.id


async def test_tools_are_called_and_their_results_read():
    async with simulator() as (client, _):
        asked = {"model": "p/any", "tools": [TOOL]}
        async with client.responses.stream(**asked, input="What is the weather?") as stream:
            first = await stream.get_final_response()
        (call,) = first.output
        assert (call.type, call.name, set(call.parsed_arguments or {"city": 0})) == (
            "function_call",
            "weather",
            {"city"},
        )
        result = {"type": "function_call_output", "call_id": call.call_id, "output": "4 C"}
        last = await client.responses.create(**asked, input=[result], previous_response_id=first.id)
        asked["input"] = [{"role": "user", "content": "What is the weather?"}, call.to_dict(), result]
        again = await client.responses.create(**asked)
    assert last.output_text.startswith('A tool answered: "4 C"')
    assert again.output_text == last.output_text


async def test_an_answer_at_its_limit_is_incomplete():
    async with simulator(tokens=40) as (client, _):
        response = await client.responses.create(model="p/any", input="Hello", max_output_tokens=5)
        async with await client.responses.create(
            model="p/any", input="Hello", max_output_tokens=5, stream=True
        ) as stream:
            events = [event async for event in stream]
    assert (response.status, response.incomplete_details.reason) == ("incomplete", "max_output_tokens")
    assert events[-1].type == "response.incomplete"
    assert events[-1].response.output[-1].status == "incomplete"


@pytest.mark.parametrize(
    ("asked", "param"),
    [
        ({"background": True}, "background"),
        ({"conversation": "conv_1"}, "conversation"),
        ({"tools": [{"type": "web_search"}]}, "tools"),
        ({"input": [{"type": "item_reference", "id": "msg_1"}]}, "input[0]"),
        ({"input": [{"type": "computer_call_output", "call_id": "a", "output": {}}]}, "input[0].type"),
        ({"tool_choice": "some"}, "tool_choice"),
        ({"input": 5}, "input"),
        ({"conversation": "c", "previous_response_id": "p"}, "previous_response_id"),
        ({"input": [{"role": "robot", "content": "x"}]}, "input[0].role"),
        ({"input": [{"role": "user", "content": [{"type": "input_image"}]}]}, "input[0].content[0]"),
        ({"text": {"format": {"type": "json_schema", "name": "n"}}}, "text.format.schema"),
        ({"input": [{"type": "function_call_output", "output": "x"}]}, "input[0].call_id"),
    ],
)
async def test_what_only_openai_has_is_refused(asked, param):
    async with simulator() as (client, _):
        with pytest.raises(openai.BadRequestError) as refused:
            await client.responses.create(**{"model": "p/any", "input": "Hello", **asked})
    assert refused.value.param.startswith(param)


async def test_a_cut_stream_fails_in_its_own_way():
    async with simulator(cut_rate=1.0) as (client, _):
        stream = await client.responses.create(model="p/any", input="Hello", stream=True)
        events = [event async for event in stream]
    assert [event.type for event in events[-2:]] == ["error", "response.failed"]
    assert [event.sequence_number for event in events] == list(range(len(events)))
    assert events[-1].response.status == "failed"
    assert events[-1].response.id == events[0].response.id


async def test_an_error_before_the_stream_is_an_answer_of_its_own():
    async with simulator(error_rate=1.0) as (client, _):
        with pytest.raises(openai.InternalServerError):
            await client.responses.create(model="p/any", input="Hello", stream=True)


class Weather(BaseModel):
    city: str


async def test_parse_asks_for_a_schema_and_reads_its_answer():
    from tests.upstreams.faulty import FaultyUpstream, answer

    said = b'{"id":"c","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"finish_reason":"stop",'
    said += b'"message":{"role":"assistant","content":"{\\"city\\":\\"Bonn\\"}"}}],'
    said += b'"usage":{"prompt_tokens":3,"completion_tokens":4,"total_tokens":7}}'
    upstream = FaultyUpstream(answer(said))
    async with upstream.serving(), gateway(type="openai", base_url=upstream.url) as (client, _):
        parsed = await client.responses.parse(model="p/any", input="Where?", text_format=Weather)
    assert parsed.output_parsed == Weather(city="Bonn")


async def test_each_stored_response_has_an_id_of_its_own_and_others_may_come_from_the_cache():
    async with simulator() as (client, running):
        stored = [await client.responses.create(model="p/any", input="Hello") for _ in range(2)]
        passing = [await client.responses.create(model="p/any", input="Hello", store=False) for _ in range(2)]
        await running.until_idle()
        cached = [record["cache"] for record in running.records]
    assert stored[0].id != stored[1].id
    assert passing[0].output_text == passing[1].output_text
    assert cached == ["bypass", "bypass", "miss", "hit"]


async def test_items_are_listed_tokens_counted_and_nothing_is_cancelled():
    async with simulator() as (client, running):
        first = await client.responses.create(model="p/any", input="one two three")
        second = await client.responses.create(
            model="p/any", input=[{"role": "user", "content": f"{n}"} for n in range(30)], previous_response_id=first.id
        )
        items = [item async for item in client.responses.input_items.list(second.id, limit=7, order="asc")]
        counted = await client.responses.input_tokens.count(model="p/any", input="one two three")
        onward = await client.responses.input_tokens.count(model="p/any", input="four", previous_response_id=first.id)
        with pytest.raises(openai.BadRequestError, match="Cannot cancel a synchronous response"):
            await client.responses.cancel(first.id)
        for gone in ("resp_none", "resp%2Fnone"):
            with pytest.raises(openai.NotFoundError, match="none"):
                await client.responses.cancel(gone)
            with pytest.raises(openai.NotFoundError, match="none"):
                await client.responses.input_items.list(gone)
        with pytest.raises(openai.NotFoundError, match="resp_none"):
            await client.responses.input_tokens.count(model="p/any", input="x", previous_response_id="resp_none")
        await running.until_idle()
    assert [item.type for item in items] == ["message"] * 32
    assert [item.content[0].text for item in items[:1] + items[2:4]] == ["one two three", "0", "1"]
    assert len({item.id for item in items}) == 32
    assert (counted.object, counted.input_tokens) == ("response.input_tokens", 4)
    assert onward.input_tokens > counted.input_tokens
    statuses = [record["status"] for record in running.records]
    assert statuses == [200] * 9 + [400, 404, 404, 404, 404, 404]


@pytest.mark.parametrize("nothing", [[], ""])
async def test_nothing_to_answer_is_refused_as_openai_does(nothing):
    async with simulator() as (client, _):
        with pytest.raises(openai.BadRequestError, match="must be provided") as found:
            await client.responses.create(model="p/any", input=nothing)
        assert (found.value.code, found.value.param) == ("missing_required_parameter", None)
        first = await client.responses.create(model="p/any", input="one")
        onward = await client.responses.create(model="p/any", input=nothing, previous_response_id=first.id)
    assert onward.status == "completed"
