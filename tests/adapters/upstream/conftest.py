"""The transport under test."""

from collections.abc import AsyncIterator

import pytest

from sluicegate.adapters.upstream.http import HttpTransport


@pytest.fixture
async def transport() -> AsyncIterator[HttpTransport]:
    transport = HttpTransport()
    yield transport
    await transport.aclose()
