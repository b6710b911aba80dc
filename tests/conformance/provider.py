"""What every translator must do, whatever API it speaks. A provider's test gives a `Sample` and inherits the suite.

A sample is what the provider would really send: whole answers, a stream, errors. It says nothing of how the
translator works.
"""

from __future__ import annotations

import contextlib
from urllib.parse import urlsplit

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sluicegate.pipeline.errors import (
    Fault,
    GatewayError,
    InvalidRequest,
    NotFound,
    StreamInterrupted,
    UnsupportedEndpoint,
    UpstreamBusy,
    UpstreamError,
    UpstreamRefused,
)
from sluicegate.pipeline.exchange import Exchange
from sluicegate.pipeline.reply import ChunkKind
from sluicegate.pipeline.request import Request
from tests.conformance.provider_sample import KEY, TARGET, Sample, ask, exchange_for_response, outcome, told

SHARED = settings(suppress_health_check=[HealthCheck.differing_executors, HealthCheck.too_slow])
"""One method with several classes is what a suite is; each class has its own sample, and keeps no other state."""
PAGE = b"<!doctype html><html><head><title>502 Bad Gateway</title></head><body>no</body></html>"


class KeylessProviderConformance:
    """The suite. A subclass sets ``sample``."""

    sample: Sample

    def error(self, status: int, body: bytes | None = None, **headers: str) -> GatewayError:
        body = self.sample.errors[status] if body is None else body
        return self.sample.translator.error(self.sample.head(status, **headers), body)

    def test_request_goes_to_an_absolute_url(self):
        url = urlsplit(self.sample.translator.encode(ask(), TARGET).url)
        assert url.scheme in ("http", "https")
        assert url.hostname

    @pytest.mark.parametrize("stream", [False, True])
    def test_request_is_json_for_the_targets_model(self, stream):
        request = self.sample.translator.encode(ask(stream=stream), TARGET)
        assert "their-model" in request.url + request.body.decode()
        assert b"our-model" not in request.body
        assert isinstance(msgspec.json.decode(request.body), dict)
        assert dict(request.headers)["content-type"] == "application/json"

    @pytest.mark.parametrize("stream", [False, True])
    def test_a_response_is_asked_of_the_targets_model(self, stream):
        asked = exchange_for_response(stream=stream)
        request = self.sample.translator.encode(asked, TARGET)
        assert "their-model" in request.url + request.body.decode()
        assert b"our-model" not in request.body
        assert b"Say hello" in request.body

    def test_request_does_not_change_the_exchange(self):
        exchange = ask(stream=True)
        before = dict(exchange.request.fields)
        self.sample.translator.encode(exchange, TARGET)
        assert exchange.request.fields == before

    def test_unknown_operation_is_refused(self):
        with pytest.raises(InvalidRequest):
            self.sample.translator.encode(Exchange(Request("models"), 600.0, 0.0), TARGET)

    @pytest.mark.parametrize("operation", ["completion", "embedding", "nonsense"])
    def test_what_is_none_of_its_operations_is_refused_by_name(self, operation):
        translator = self.sample.translator
        assert "chat" in translator.operations()
        if operation not in translator.operations():
            with pytest.raises(UnsupportedEndpoint, match=operation):
                translator.encode(Exchange(Request(operation), 600.0, 0.0), TARGET)

    def test_whole_answer_and_its_usage_are_read(self):
        reply, usage = self.sample.translator.decode(ask(), self.sample.head(), self.sample.whole)
        assert reply.stream is None
        assert msgspec.json.decode(reply.body)["choices"]
        assert usage is not None
        assert (usage.input, usage.output) == self.sample.whole_usage

    def test_whole_answer_cut_anywhere_is_an_error(self):
        for end in range(len(self.sample.whole.rstrip())):
            with pytest.raises(UpstreamError):
                self.sample.translator.decode(ask(), self.sample.head(), self.sample.whole[:end])

    @pytest.mark.parametrize("body", [b"", b"  ", b"null", b"[]", b"{}", b'"text"', PAGE, b"\xff\xfe", b"[" * 100_000])
    def test_answer_of_another_kind_is_an_upstream_error(self, body):
        with pytest.raises(UpstreamError) as caught:
            self.sample.translator.decode(ask(), self.sample.head(), body)
        assert caught.value.moves_on

    def test_page_in_place_of_an_answer_is_an_upstream_error(self):
        with pytest.raises(UpstreamError, match="html"):
            self.sample.translator.decode(ask(), self.sample.head(media_type="text/html"), PAGE)
        with pytest.raises(UpstreamError, match="html"):
            self.sample.translator.decoder(ask(stream=True), self.sample.head(media_type="text/html")).feed(PAGE)

    def test_stream_has_content_and_then_ends(self):
        decoder = self.sample.decoder()
        kinds = [kind for kind, _ in told(decoder, [self.sample.stream])]
        assert ChunkKind.CONTENT in kinds
        assert kinds[-1] is ChunkKind.FINISH
        assert decoder.done

    def test_stream_reports_usage(self):
        decoder = self.sample.decoder()
        told(decoder, [self.sample.stream])
        assert decoder.usage is not None
        assert (decoder.usage.input, decoder.usage.output) == self.sample.stream_usage

    def test_usage_chunk_reaches_only_clients_that_ask_for_it(self):
        asked = told(self.sample.decoder(stream_options={"include_usage": True}), [self.sample.stream])
        silent = told(self.sample.decoder(), [self.sample.stream])
        assert [kind for kind, _ in asked][-1] is ChunkKind.USAGE
        assert ChunkKind.USAGE not in [kind for kind, _ in silent]

    def test_stream_split_anywhere_gives_the_same_chunks(self):
        stream = self.sample.stream
        expected = told(self.sample.decoder(), [stream])
        for place in range(len(stream) + 1):
            assert told(self.sample.decoder(), [stream[:place], stream[place:]]) == expected
        assert told(self.sample.decoder(), [stream[place : place + 1] for place in range(len(stream))]) == expected

    def test_stream_cut_before_its_answer_is_complete_is_interrupted(self):
        for end in range(self.sample.complete_from):
            with pytest.raises(StreamInterrupted):
                told(self.sample.decoder(), [self.sample.stream[:end]])

    def test_stream_cut_after_its_answer_is_complete_is_whole(self):
        for end in range(self.sample.complete_from, len(self.sample.stream)):
            kinds = [kind for kind, _ in told(self.sample.decoder(), [self.sample.stream[:end]])]
            assert kinds[-1] is ChunkKind.FINISH

    def test_cut_stream_loses_no_chunk_wherever_it_is_split(self):
        for end in range(0, self.sample.complete_from, 7):
            cut = self.sample.stream[:end]
            expected, _ = outcome(self.sample.decoder(), [cut[place : place + 1] for place in range(end)])
            found, error = outcome(self.sample.decoder(), [cut])
            assert found == expected
            assert isinstance(error, StreamInterrupted)

    def test_error_in_the_stream_waits_for_the_chunks_before_it(self):
        before = self.sample.stream[: self.sample.content_until]
        decoder = self.sample.decoder()
        kinds = [chunk.kind for chunk in decoder.feed(before + self.sample.stream_error + self.sample.stream)]
        assert kinds[-1] is ChunkKind.CONTENT
        for later in (b"", self.sample.stream):
            with pytest.raises(UpstreamError):
                decoder.feed(later)
        with pytest.raises(UpstreamError):
            decoder.finish()
        assert not decoder.done

    def test_error_in_the_stream_without_chunks_before_it_is_raised_at_once(self):
        with pytest.raises(UpstreamError):
            self.sample.decoder().feed(self.sample.stream_error)

    def test_no_bytes_change_nothing(self):
        stream = self.sample.stream
        pieces = [piece for place in range(len(stream)) for piece in (stream[place : place + 1], b"")]
        assert told(self.sample.decoder(), pieces) == told(self.sample.decoder(), [stream])

    def test_bytes_after_the_end_are_ignored(self):
        decoder = self.sample.decoder()
        decoder.feed(self.sample.stream)
        if not self.sample.ends_itself:
            decoder.finish()
        assert decoder.done
        assert decoder.feed(self.sample.stream + b"\xff garbage\n\n") == []

    def test_400_is_the_callers_fault(self):
        error = self.error(400)
        assert isinstance(error, InvalidRequest)
        assert (error.status, error.fault, error.retryable, error.moves_on) == (400, Fault.CLIENT, False, False)

    def test_401_is_the_gateways_own_key_and_moves_on(self):
        error = self.error(401)
        assert isinstance(error, UpstreamRefused)
        assert (error.status, error.retryable, error.moves_on) == (502, False, True)

    def test_404_is_the_callers_fault(self):
        error = self.error(404)
        assert isinstance(error, NotFound)
        assert (error.status, error.moves_on) == (404, False)

    @pytest.mark.parametrize(("headers", "seconds"), [({"retry-after": "7"}, 7.0), ({}, None)])
    def test_429_asks_for_patience(self, headers, seconds):
        error = self.error(429, **headers)
        assert isinstance(error, UpstreamBusy)
        assert error.retry_after == seconds
        assert error.retryable
        assert error.moves_on

    def test_500_moves_on_and_may_be_retried(self):
        error = self.error(500)
        assert isinstance(error, UpstreamError)
        assert (error.status, error.fault, error.retryable) == (502, Fault.UPSTREAM, True)

    def test_page_in_place_of_an_error_is_an_upstream_error(self):
        error = self.error(502, PAGE)
        assert isinstance(error, UpstreamError)
        assert "502 Bad Gateway" in error.message
        assert "<" not in error.message

    @settings(SHARED, max_examples=60)
    @given(st.integers(300, 599), st.binary(max_size=200))
    def test_any_error_body_gives_a_gateway_error(self, status, body):
        assert isinstance(self.error(status, body), GatewayError)

    @settings(SHARED, max_examples=60)
    @given(st.lists(st.binary(max_size=60), max_size=6))
    def test_garbage_in_a_stream_raises_gateway_errors_only(self, pieces):
        with contextlib.suppress(GatewayError):
            assert told(self.sample.decoder(), pieces) == []

    @settings(SHARED, max_examples=100)
    @given(st.data())
    def test_damaged_stream_raises_gateway_errors_only(self, data):
        stream = bytearray(self.sample.stream)
        for _ in range(data.draw(st.integers(1, 4))):
            stream[data.draw(st.integers(0, len(stream) - 1))] = data.draw(st.integers(0, 255))
        with contextlib.suppress(GatewayError):
            told(self.sample.decoder(), [bytes(stream)])

    @settings(SHARED, max_examples=100)
    @given(st.binary(max_size=100))
    def test_garbage_in_a_whole_answer_raises_gateway_errors_only(self, body):
        with pytest.raises(GatewayError):
            self.sample.translator.decode(ask(), self.sample.head(), body)


class ProviderConformance(KeylessProviderConformance):
    """The same for a provider that is asked with a key."""

    def test_key_is_sent_and_never_shown(self):
        request = self.sample.translator.encode(ask(), TARGET)
        assert any(KEY in value for _, value in request.headers)
        for shown in (request, self.sample.translator, ask()):
            assert KEY not in repr(shown)

    @pytest.mark.parametrize("status", [300, 307, 400, 401, 403, 404, 408, 409, 413, 422, 429, 500, 503, 529])
    def test_no_error_shows_the_key(self, status):
        key = str(KEY)
        body = msgspec.json.encode({"error": {"message": f"bad key {key}", "code": key, "type": key, "param": key}})
        error = self.error(status, body)
        for shown in (error.message, error.code, error.type, error.param, repr(error)):
            assert KEY not in (shown or "")
