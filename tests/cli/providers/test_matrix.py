"""The matrix says what translators do, and the page says what the matrix says."""

from pathlib import Path

import msgspec
import pytest

from sluicegate.adapters.multipart.spool import Spool
from sluicegate.cli import main
from sluicegate.cli.providers.features import FEATURES
from sluicegate.cli.providers.matrix import ORDER, Cell, cell_of, chat_of, markdown, row_of, rows, translator_of
from sluicegate.pipeline.errors import InvalidRequest, UnsupportedEndpoint
from sluicegate.pipeline.exchange import Exchange, Target
from sluicegate.pipeline.files import Extent, SentFile
from sluicegate.pipeline.passing import PASSED
from sluicegate.pipeline.provider import UpstreamRequest
from sluicegate.pipeline.registry import Registry
from tests.conformance.provider_sample import ask

PAGE = Path(__file__).resolve().parents[3] / "docs" / "providers.md"
TYPES = Registry().provider_names()
BODIES = {
    "chat": {},
    "completion": {"model": "m", "prompt": "Hi"},
    "embedding": {"model": "m", "input": "Hi"},
    "rerank": {"model": "m", "query": "Hi", "documents": ["Hello"]},
    "moderation": {"model": "m", "input": "Hi"},
    "image": {"model": "m", "prompt": "a cat"},
    "image_edit": {"model": "m", "prompt": "a hat", "image": {"filename": "a.png"}},
    "image_variation": {"model": "m", "image": {"filename": "a.png"}},
    "speech": {"model": "m", "input": "Hi", "voice": "alloy"},
    "transcription": {"model": "m", "language": "en", "file": {"filename": "a.mp3"}},
    "translation": {"model": "m", "file": {"filename": "a.mp3"}},
}
FILES = ("file", "image")
ABLE = {
    ("bedrock", "embedding"): "amazon.titan-embed-text-v2:0",
    ("bedrock", "image"): "amazon.nova-canvas-v1:0",
}
"""Models that are asked where what they can depends on them."""


def made(type_: str):
    translator = translator_of(type_, Registry())
    assert translator is not None, f"the matrix cannot make a {type_}"
    return translator


class Scripted:
    """A translator that does with each request what it is told."""

    def __init__(self, *, tools: str) -> None:
        self._tools = tools

    def operations(self):
        return frozenset({"chat"})

    def encode(self, exchange, target):
        fields = dict(exchange.request.fields)
        if "tools" in fields and self._tools == "refuse":
            raise InvalidRequest("no tools")
        if "tools" in fields and self._tools == "note":
            exchange.notes["dropped"] = "tools"
        if "tools" in fields and self._tools == "garble":
            fields["tools"] = msgspec.Raw(b"[]")
        if self._tools == "forget":
            fields.pop("tools", None)
        return UpstreamRequest("POST", "http://probe.test", body=msgspec.json.encode(fields))


def test_the_page_is_current():
    text = PAGE.read_text()
    assert text[text.index("## Operations") :] == markdown(Registry()), "run `make docs`"


def test_the_verb_prints_what_the_page_has(capsys):
    assert main(("providers", "matrix")) == 0
    assert capsys.readouterr().out == markdown(Registry())


def test_every_type_has_a_row():
    assert [row.type for row in rows(Registry())] == TYPES


@pytest.mark.parametrize("type_", TYPES)
def test_an_operation_is_in_the_matrix_if_and_only_if_it_can_be_encoded(type_):
    translator = made(type_)
    for operation, fields in BODIES.items():
        target = Target("p", ABLE.get((type_, operation), "m"))
        exchange = asking(operation, fields)
        if operation in row_of(type_, translator).operations:
            assert translator.encode(exchange, target).url
        else:
            with pytest.raises(UnsupportedEndpoint):
                translator.encode(exchange, target)


def asking(operation: str, fields: dict) -> Exchange:
    exchange = ask(operation, **fields)
    spool = Spool()  # empty, so there is no file behind it
    exchange.request.files = tuple(
        SentFile(name, fields[name]["filename"], "", Extent(spool, 0, 0)) for name in FILES if name in fields
    )
    return exchange


def test_every_operation_that_a_body_asks_for_has_a_column_and_a_probe():
    asked = {one for row in rows(Registry()) for one in row.operations} - PASSED
    assert asked == BODIES.keys() == {*ORDER}


@pytest.mark.parametrize(
    ("does", "cell"),
    [
        ("send", Cell.YES),
        ("refuse", Cell.NO),
        ("note", Cell.DROPPED),
        ("forget", Cell.DROPPED),
        ("garble", Cell.DROPPED),
    ],
)
def test_a_cell_is_what_becomes_of_the_request(does, cell):
    tools = next(feature for feature in FEATURES if feature.name == "tools")
    assert cell_of(Scripted(tools=does), tools, "m") is cell


@pytest.mark.parametrize("type_", TYPES)
def test_what_is_left_out_of_real_requests_is_told_and_refused_where_that_is_wanted(type_):
    translator = made(type_)
    for feature in FEATURES:
        if feature.name == "streams" or row_of(type_, translator).cells[feature.name] is not Cell.DROPPED:
            continue
        exchange = chat_of("probe-model", feature)
        translator.encode(exchange, Target("p", "probe-model"))
        assert exchange.notes["dropped"], f"{type_} forgets {feature.name} in silence"


def test_all_features_can_be_told_to_openai():
    row = row_of("openai", made("openai"))
    assert {name: cell for name, cell in row.cells.items() if cell is not Cell.YES} == {"count tokens": Cell.NO}


def test_a_feature_is_asked_for_alone():
    plain = chat_of("m").request.fields
    for feature in FEATURES:
        fields = chat_of("m", feature).request.fields
        assert fields.keys() - plain.keys() == feature.fields.keys()
        assert (fields["messages"] != plain["messages"]) == bool(feature.parts)
