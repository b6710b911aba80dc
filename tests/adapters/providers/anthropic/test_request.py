"""A chat becomes a request of the Messages API, and loses nothing that means something."""

import pytest

from sluicegate.adapters.providers.anthropic.request import JSON_HINT
from sluicegate.adapters.providers.anthropic.tables import MODELS, NEWEST, model_of
from sluicegate.pipeline.errors import InvalidRequest
from sluicegate.pipeline.form.blocks import CacheMark, Text
from sluicegate.pipeline.form.chat import Format, Reasoning
from tests.adapters.providers.anthropic.samples import ANCIENT, NEW, OLD, assistant, chat, user, written

SCHEMA = {"type": "object", "properties": {"n": {"type": "integer", "minimum": 1}}, "required": ["n"]}


def test_instructions_stand_apart_with_their_marks():
    fields, _ = written(chat(system=(Text("Be brief", CacheMark("1h")), Text(" "))))
    assert fields["system"] == [
        {"type": "text", "text": "Be brief", "cache_control": {"type": "ephemeral", "ttl": "1h"}}
    ]


def test_instructions_alone_are_what_is_said():
    fields, _ = written(chat(user(""), system=(Text("Tell a joke"),)))
    assert fields["messages"] == [{"role": "user", "content": [{"type": "text", "text": "Tell a joke"}]}]
    assert "system" not in fields


def test_a_chat_without_any_text_is_refused():
    with pytest.raises(InvalidRequest, match="no text"):
        written(chat(user(" \n")))


@pytest.mark.parametrize(
    ("model", "given", "configured", "limit"),
    [
        (NEW, None, None, 16_384),
        (NEW, None, 500, 500),
        (NEW, 100_000, 500, 100_000),
        (ANCIENT, None, None, 4096),
        (ANCIENT, None, 9000, 4096),
        ("claude-of-the-future", None, None, 16_384),
    ],
)
def test_every_request_limits_its_answer(model, given, configured, limit):
    fields, dropped = written(chat(max_tokens=given), model, max_tokens=configured)
    assert (fields["max_tokens"], dropped) == (limit, [])


def test_a_limit_above_what_the_model_can_is_lowered_and_told():
    fields, dropped = written(chat(max_tokens=100_000), ANCIENT)
    assert (fields["max_tokens"], dropped) == (4096, ["max_tokens"])


def test_models_are_known_by_their_names_on_all_platforms():
    for name in (
        "claude-sonnet-4-5@20250929",
        "anthropic.claude-sonnet-4-5-20250929-v1:0",
        "anthropic/claude-sonnet-4.5",
    ):
        assert model_of(name) is MODELS["claude-sonnet-4-5"]
    assert model_of("claude-sonnet-4-20250514") is MODELS["claude-sonnet-4"]
    assert model_of("us.anthropic.claude-3-5-haiku-20241022-v1:0") is MODELS["claude-3-5-haiku"]
    assert model_of("claude-sonnet-4-9") is NEWEST
    assert model_of("my-proxy-model") is NEWEST


def test_sampling_reaches_models_that_sample():
    fields, dropped = written(chat(temperature=0.5, top_k=3), OLD)
    assert (fields["temperature"], fields["top_k"], dropped) == (0.5, 3, [])


def test_a_temperature_of_openais_upper_half_is_clamped():
    fields, dropped = written(chat(temperature=1.7), OLD)
    assert (fields["temperature"], dropped) == (1.0, ["temperature"])


def test_newer_models_get_one_of_temperature_and_top_p():
    fields, dropped = written(chat(temperature=0.5, top_p=0.9), OLD)
    assert (fields["temperature"], "top_p" in fields, dropped) == (0.5, False, ["top_p"])
    fields, dropped = written(chat(temperature=0.5, top_p=0.9), ANCIENT)
    assert (fields["top_p"], dropped) == (0.9, [])
    fields, dropped = written(chat(top_p=0.9), OLD)
    assert (fields["top_p"], dropped) == (0.9, [])


@pytest.mark.parametrize(("model", "samples"), [(NEW, True), (OLD, False)])
def test_what_does_not_sample_gets_no_sampling(model, samples):
    fields, dropped = written(chat(temperature=0.5, top_p=0.9, top_k=3), model, samples=samples)
    assert not fields.keys() & {"temperature", "top_p", "top_k"}
    assert dropped == ["temperature", "top_p", "top_k"]


def test_to_leave_out_a_default_is_no_loss():
    fields, dropped = written(chat(temperature=1.0, top_p=1), NEW, strict=True)
    assert not fields.keys() & {"temperature", "top_p"}
    assert dropped == []


def test_thinking_excludes_sampling():
    fields, dropped = written(chat(temperature=0.5, reasoning=Reasoning(effort="low")), OLD)
    assert "temperature" not in fields
    assert dropped == ["temperature"]


def test_blank_stop_texts_are_left_out():
    fields, dropped = written(chat(stop=("END", "\n")))
    assert (fields["stop_sequences"], dropped) == (["END"], ["stop"])
    assert "stop_sequences" not in written(chat(stop=("\n",)))[0]


def test_an_opaque_user_is_told_and_a_personal_one_is_not():
    assert written(chat(user="u-42"))[0]["metadata"] == {"user_id": "u-42"}
    for name in ("ann@example.org", "+47 22 33 44 55"):
        fields, dropped = written(chat(user=name))
        assert ("metadata" in fields, dropped) == (False, ["user"])


@pytest.mark.parametrize(
    ("tier", "told", "dropped"),
    [("auto", "auto", []), ("default", "standard_only", []), ("standard_only", "standard_only", []),
     ("flex", None, ["service_tier"])],
)  # fmt: skip
def test_service_tiers_are_translated(tier, told, dropped):
    fields, names = written(chat(service_tier=tier))
    assert (fields.get("service_tier"), names) == (told, dropped)


def test_platforms_without_tiers_get_none():
    assert written(chat(service_tier="auto"), tiers=False) == (written(chat())[0], ["service_tier"])


def test_hints_are_dropped_and_named():
    hints = {"frequency_penalty": 0.5, "presence_penalty": 0.5, "seed": 0, "logit_bias": {"1": 2.0}}
    fields, dropped = written(chat(**hints, metadata={"a": "b"}, extra={"store": True, "verbosity": "low"}))
    assert fields == written(chat())[0]
    assert set(dropped) == {*hints, "metadata", "store", "verbosity"}


@pytest.mark.parametrize("field", ["frequency_penalty", "seed"])
def test_strict_refuses_what_would_be_dropped(field):
    with pytest.raises(InvalidRequest, match=f"'claude' has no {field}"):
        written(chat(**{field: 1}), strict=True)


def test_hints_that_say_nothing_are_not_missed():
    assert written(chat(frequency_penalty=0.0, extra={"store": False, "modalities": ["text"]}), strict=True)[1] == []


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"n": 2}, "n above 1"),
        ({"logprobs": True}, "logprobs"),
        ({"top_logprobs": 2}, "logprobs"),
        ({"extra": {"modalities": ["text", "audio"]}}, "modalities"),
        ({"extra": {"web_search_options": {}}}, "web_search_options"),
    ],
)
def test_what_changes_the_answers_meaning_is_refused(fields, name):
    with pytest.raises(InvalidRequest, match=f"'claude' has no {name}") as caught:
        written(chat(**fields))
    assert caught.value.code == "unsupported_parameter"


def test_a_schema_is_kept_to():
    fields, dropped = written(
        chat(format=Format("schema", "numbers", schema=SCHEMA), reasoning=Reasoning(effort="high"))
    )
    assert fields["output_config"] == {
        "effort": "high",
        "format": {
            "type": "json_schema",
            "schema": {
                "type": "object",
                "properties": {"n": {"type": "integer", "description": "{minimum: 1}"}},
                "required": ["n"],
                "additionalProperties": False,
            },
        },
    }
    assert dropped == []


def test_a_model_without_schemas_refuses_them():
    with pytest.raises(InvalidRequest, match="json_schema"):
        written(chat(format=Format("schema", schema=SCHEMA)), ANCIENT)


def test_any_json_is_asked_for_in_words():
    fields, _ = written(chat(format=Format("json"), system=(Text("Be brief"),)))
    assert [block["text"] for block in fields["system"]] == ["Be brief", JSON_HINT]


def test_fields_of_anthropics_own_are_sent_on():
    fields, dropped = written(chat(dialect="anthropic", extra={"container": "c1", "max_tokens": 1}, max_tokens=5))
    assert (fields["container"], fields["max_tokens"], dropped) == ("c1", 5, [])


def test_too_many_marks_keep_the_last():
    texts = [Text(str(place), CacheMark()) for place in range(4)]
    fields, dropped = written(chat(user(*texts), system=(Text("a", CacheMark()), Text("b", CacheMark("9d")))))
    assert ["cache_control" in block for block in fields["system"]] == [False, False]
    assert all("cache_control" in block for block in fields["messages"][0]["content"])
    assert dropped == ["cache_control.ttl", "cache_control"]


def test_an_answer_is_gone_on_with_where_the_model_can():
    fields, _ = written(chat(user("a"), assistant("It is ")), OLD)
    assert fields["messages"][-1] == {"role": "assistant", "content": [{"type": "text", "text": "It is"}]}
    fields, _ = written(chat(user("a"), assistant("It is ")), NEW)
    assert fields["messages"][-1] == {"role": "user", "content": [{"type": "text", "text": "Continue."}]}
