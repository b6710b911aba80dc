"""The JSON schema says of a file what the loader says, as far as a schema can."""

import json
from pathlib import Path

import jsonschema
import pytest
import yaml

from sluicegate.pipeline.config.load import load
from sluicegate.pipeline.config.reference import markdown
from sluicegate.pipeline.config.schema import json_schema
from sluicegate.pipeline.registry import Registry
from tests.config.mistakes import WRONG
from tests.config.rooms import rooms
from tests.config.test_right import ENVIRON, RIGHT, SIM

ROOT = Path(__file__).resolve().parents[2]
VALIDATOR = jsonschema.Draft7Validator(json_schema(rooms()))

# An editor reads YAML 1.1 or leaves these spellings to the loader; aliases and merge keys are resolved before a schema.
NOT_FOR_EDITORS = {"0777", "0o17", "10:30", "${EMPTY}"}
# What only the loader can tell: it reads the environment, knows names across sections, and sees the text itself.
BEYOND = """
anchor_in_itself tag section_twice key_twice
whole_is_clock whole_with_line number_is_nan boolean_is_off boolean_is_yes enabled_is_text
size_is_part_of_a_byte rate_of_nothing not_above size_bound fields_together
unset unset_message empty_message unset_in_default no_brace no_name odd_name no_file folder
not_a_number not_a_duration not_json json_key_twice json_deep json_unknown_key json_missing_key
target_provider target_form target_no_model price_provider price_model
no_call empty_pipeline call_disabled stage_twice lane_order reply_after_settle after_call both_settings
guard_without_settings cors_no_scheme cors_wildcard tls_without_key tls_without_certificate http2_without_tls
"""


def read(text: str) -> object:
    """Read YAML as editors do."""
    return yaml.safe_load(text)


def test_the_schema_is_a_schema():
    jsonschema.Draft7Validator.check_schema(json_schema(rooms()))
    jsonschema.Draft7Validator.check_schema(json_schema(Registry()))


@pytest.mark.parametrize(
    "text", [text for text, _, _ in RIGHT if not any(part in text for part in NOT_FOR_EDITORS)], ids=str
)
def test_what_the_loader_takes_the_schema_takes(text):
    load(SIM + text, ENVIRON, rooms())
    assert [error.message for error in VALIDATOR.iter_errors(read(SIM + text))] == []


@pytest.mark.parametrize(("name", "text"), [(case[0], case[1]) for case in WRONG], ids=[case[0] for case in WRONG])
def test_what_the_loader_refuses_the_schema_refuses_unless_it_cannot_know(name, text):
    try:
        value = read(text)
    except (yaml.YAMLError, ValueError):
        return
    assert VALIDATOR.is_valid(value) == (name in BEYOND.split())


def test_fields_tell_editors_what_they_are():
    ttl = json_schema(rooms())["definitions"]["stage_cache"]["properties"]["ttl"]
    assert ttl["description"] == "How long."
    assert ttl["default"] == "1h"


def test_the_published_schema_is_current():
    """To renew it: ``sluicegate schema > docs/config.schema.json``."""
    published = json.loads((ROOT / "docs" / "config.schema.json").read_text())
    assert published == json_schema(Registry())


def test_the_reference_is_current():
    """To renew it: replace what follows the line with the output of ``sluicegate list --markdown``."""
    _, _, tables = (ROOT / "docs" / "configuration.md").read_text().partition("<!-- sluicegate list --markdown -->\n\n")
    assert tables == markdown(Registry())


def test_the_reference_has_every_field_of_every_section():
    text = markdown(rooms())
    assert "| `api_keys[].key` | secret (at least 1 long) | required | The key itself. |" in text
    assert "| `timeout.first_token` | duration (more than 0s) | `1min` | For a stream" in text
    assert "| `where.host` | text | required | The host. |" in text
    assert "| `requests` | list of rate | `[]` | How many. |" in text
    assert "## Stage `meter` (settle lane)" in text
