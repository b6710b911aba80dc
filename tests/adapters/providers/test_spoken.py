"""Speech that comes whole, as base64 in JSON."""

import pytest

from sluicegate.adapters.providers.reading import Malformed
from sluicegate.adapters.providers.spoken import MAX_BODY, WholeSpeech, sound_in
from sluicegate.pipeline.errors import UpstreamError
from sluicegate.pipeline.reply import Usage


def speech() -> WholeSpeech:
    return WholeSpeech("them", "audio/wav", 3, lambda body: (body.upper(), None))


def test_nothing_leaves_before_all_has_come():
    decoder = speech()
    assert decoder.feed(b"ab") + decoder.feed(b"c") == []
    assert [chunk.data for chunk in decoder.finish()] == [b"ABC"]
    assert decoder.usage == Usage(characters=3)


def test_an_empty_answer_is_an_error():
    with pytest.raises(UpstreamError, match="'them'"):
        speech().finish()


def test_an_answer_over_the_limit_is_refused_and_not_asked_for_again():
    with pytest.raises(UpstreamError, match="limit") as caught:
        speech().feed(bytes(MAX_BODY + 1))
    assert not caught.value.retryable


@pytest.mark.parametrize("data", ["=?", "A", "é"])
def test_what_is_not_base64_is_malformed(data):
    with pytest.raises(Malformed, match="base64"):
        sound_in(data)
