"""A provider that is declared passes the suite for providers."""

from tests.adapters.providers.mapped.declared import ERRORS, STREAM, STREAM_ERROR, WHOLE, declared
from tests.conformance.provider import ProviderConformance
from tests.conformance.provider_sample import Sample


class TestMapped(ProviderConformance):
    sample = Sample(
        translator=declared(),
        whole=WHOLE,
        whole_usage=(9, 5),
        stream=STREAM,
        stream_type="application/x-ndjson",
        stream_usage=(9, 5),
        complete_from=len(STREAM) - 1,
        content_until=STREAM.index(b'{"chunk":""'),
        stream_error=STREAM_ERROR,
        errors=ERRORS,
    )
