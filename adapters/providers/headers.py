"""The headers of requests to providers."""

from __future__ import annotations

from sluicegate.pipeline.config.sections import HttpProviderSettings

Headers = tuple[tuple[str, str], ...]


def both_headers(
    settings: HttpProviderSettings, credentials: dict[str, str], *, stream_type: str = "text/event-stream"
) -> tuple[Headers, Headers]:
    """Return the headers of a plain call, and of a stream. Configured ones win; all names are in lower case."""
    configured = {name.strip().lower(): value.strip() for name, value in settings.headers.items()}
    common = {"content-type": "application/json", "user-agent": "sluicegate", **credentials}
    plain = {"accept": "application/json", **common, **configured}
    # Compression would hold events back until enough have come together.
    stream = {"accept": stream_type, "accept-encoding": "identity", **common, **configured}
    return tuple(plain.items()), tuple(stream.items())


def bearer(settings: HttpProviderSettings) -> dict[str, str]:
    """Return the usual header that shows the gateway's key, if there is one."""
    key = str(settings.api_key).strip()
    return {"authorization": f"Bearer {key}"} if key else {}
