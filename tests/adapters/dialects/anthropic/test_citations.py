import msgspec
import pytest
from anthropic.types import CitationsDelta, Message

from sluicegate.adapters.dialects.anthropic import DIALECT
from sluicegate.pipeline.form.answer import Answer, Choice
from sluicegate.pipeline.form.blocks import Text
from sluicegate.pipeline.form.chat import Chat
from sluicegate.pipeline.form.events import Begin, Cited, End, TextPart

CHAT = Chat(dialect="anthropic", model="m")
DOCUMENT = {"cited_text": "c", "document_index": 0, "document_title": "T", "file_id": None}
KINDS = [
    {"type": "char_location", **DOCUMENT, "start_char_index": 0, "end_char_index": 1},
    {"type": "page_location", **DOCUMENT, "start_page_number": 1, "end_page_number": 2},
    {"type": "content_block_location", **DOCUMENT, "start_block_index": 0, "end_block_index": 1},
    {
        "type": "web_search_result_location",
        "cited_text": "c",
        "encrypted_index": "e",
        "title": "T",
        "url": "https://x.test",
    },
]
FOREIGN = {"url": "https://x.test", "title": "T", "start_index": 0}
SEARCHED = {**KINDS[3], "cited_text": "", "encrypted_index": ""}


def whole(*citations: dict) -> list[dict]:
    body = DIALECT.whole(CHAT, Answer(choices=(Choice((Text("Hi", citations=citations),)),)))
    Message.model_validate_json(body, strict=True)
    return msgspec.json.decode(body)["content"][0].get("citations", [])


def streamed(*citations: dict) -> list[dict]:
    writer = DIALECT.writer(CHAT)
    batch = writer.write([Begin(), TextPart("Hi"), *map(Cited, citations), End()]) + writer.end()
    deltas = [msgspec.json.decode(chunk.data).get("delta", {}) for chunk in batch]
    found = [delta for delta in deltas if delta.get("type") == "citations_delta"]
    for delta in found:
        CitationsDelta.model_validate(delta, strict=True)
    return [delta["citation"] for delta in found]


@pytest.mark.parametrize("told", [whole, streamed])
def test_each_kind_is_told_as_it_came(told):
    assert told(*KINDS) == KINDS


@pytest.mark.parametrize("told", [whole, streamed])
def test_title_of_a_document_has_one_name(told):
    assert told(*({**kind, "title": "T"} for kind in KINDS[:3])) == KINDS[:3]


@pytest.mark.parametrize("told", [whole, streamed])
def test_source_of_another_api_is_a_result_of_a_search(told):
    assert told(FOREIGN, {"title": "nowhere"}) == [SEARCHED]
