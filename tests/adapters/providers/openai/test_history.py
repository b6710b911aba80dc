"""What is taken out of a history, and what is left exactly as it was."""

import msgspec
import pytest

from sluicegate.adapters.providers.openai.history import strip_history


def strip(raw: bytes) -> bytes:
    return bytes(strip_history(msgspec.Raw(raw)))


def test_keys_of_other_gateways_are_taken_out():
    before = (
        b'[{"role":"assistant","reasoning_content":"r","citations":[],"provider_specific_fields":{},"thinking_blocks":[],'
        b'"content":[{"type":"text","text":"a","cache_control":{"type":"ephemeral"}}],'
        b'"tool_calls":[{"index":0,"id":"1","type":"function","function":{"name":"f","arguments":"{}"}}]}]'
    )
    after = (
        b'[{"role":"assistant","content":[{"type":"text","text":"a"}],'
        b'"tool_calls":[{"id":"1","type":"function","function":{"name":"f","arguments":"{}"}}]}]'
    )
    assert strip(before) == after


def test_history_without_such_keys_is_the_same_object():
    raw = msgspec.Raw(b'[ {"role":"user","content":"the \\"reasoning_content\\" of it"} ]')
    assert strip_history(raw) is raw


def test_other_values_keep_their_bytes():
    before = b'[{"role":"assistant","content":"\\u00fc","x":1.50,"citations":1},{"role":"user","content":"b"}]'
    assert strip(before) == b'[{"role":"assistant","content":"\\u00fc","x":1.50},{"role":"user","content":"b"}]'


def test_index_elsewhere_is_left():
    before = b'[{"role":"user","content":"x","extra":{"index":1}}]'
    assert strip(before) == before


@pytest.mark.parametrize("strange", [b'{"citations":1}', b'["citations"]', b'[{"content":["x"],"cache_control":1}'])
def test_shape_that_is_not_known_is_left(strange):
    assert strip(strange) == strange
