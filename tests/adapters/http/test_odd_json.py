"""JSON that is right by its grammar and odd all the same goes through the whole default pipeline, or is a 400."""

import pytest

from tests.adapters.http.harness import house

CHATS = "/v1/chat/completions"
LONG = b"5" * 5000
BAD_PART = b'[{"role":"user","content":[{"type":"zz","text":5}]}]'
GOOD = b'[{"role":"user","content":"hi"}]'


def chat(messages: bytes, rest: bytes = b"") -> bytes:
    return b'{"model":"sim/any","messages":' + messages + rest + b"}"


def part(more: bytes) -> bytes:
    return b'[{"role":"user","content":[{"type":"zz",' + more + b"}]}]"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (chat(BAD_PART, b',"messages":5'), "invalid_type"),
        (chat(BAD_PART, b',"messages":null'), "invalid_type"),
        (chat(BAD_PART, b',"messages":{}'), "invalid_type"),
        (chat(part(b'"x":' + LONG)), "invalid_json"),
        (chat(part(b'"text":5,"x":' + LONG)), "invalid_json"),
        (chat(part(b'"text":5,"x":1e400')), "invalid_json"),
        (chat(GOOD, b',"own":[' + LONG + b"]"), "invalid_json"),
        (chat(GOOD, b',"seed":' + LONG), "invalid_value"),
        (chat(b'[{"role":"user","content":1,"content":"hi"}]'), "invalid_type"),
        # This one goes as far as the simulator, which reads all of it.
        (chat(part(b'"x":1e400')), "invalid_value"),
    ],
)
async def test_what_cannot_be_read_is_a_400(body, code):
    async with house() as running:
        answer = await running.ask("POST", CHATS, body)
        assert (answer.status, answer.error["code"]) == (400, code)
        await running.assert_well()


@pytest.mark.parametrize(
    "body",
    [
        chat(BAD_PART, b',"messages":' + GOOD),
        chat(GOOD, b',"model":"sim/other","model":"sim/any"'),
        chat(b'[{"role":"user","role":"user","content":"no","content":"hi"}]'),
        chat(part(b'"x":-0')),
        chat(GOOD, b',"own":1e400'),
        chat(GOOD, b',"own":{"a":1,"a":-1e400}'),
    ],
)
@pytest.mark.parametrize("stream", [b"", b',"stream":true'])
async def test_what_can_be_read_is_answered(body, stream):
    async with house() as running:
        answer = await running.ask("POST", CHATS, body[:-1] + stream + b"}")
        assert (answer.status, answer.complete) == (200, True)
        await running.assert_well()


@pytest.mark.parametrize("number", [LONG, b"1e400"])
async def test_strict_takes_no_number_out_of_range(number):
    async with house(validate={"strict": True}) as running:
        answer = await running.ask("POST", CHATS, chat(GOOD, b',"own":' + number))
        assert (answer.status, answer.error["code"]) == (400, "invalid_json")
        await running.assert_well()
