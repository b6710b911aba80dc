"""Token counts of the Messages API, which tells apart what was read, what was kept before and what is kept now."""

from __future__ import annotations

from sluicegate.pipeline.reply import Usage

MOST = 1 << 40
"""No answer has so many tokens; a count above says nothing."""


class UsageReader:
    """Reads the counts of one answer. Those of a stream come in parts, each of which replaces the one before."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}
        self._fast = False

    def read(self, found: object) -> Usage | None:
        """Return what is known with this ``usage`` object, or None if nothing is.

        Counts that make no sense are taken as none: an answer is not worth less because its accounts are wrong.

        Args:
            found: The decoded JSON value.
        """
        if isinstance(found, dict):
            for name, value in found.items():
                if type(value) is int and 0 <= value < MOST:
                    self._counts[name] = value
            details = found.get("output_tokens_details")
            if isinstance(details, dict) and type(thought := details.get("thinking_tokens")) is int:
                self._counts["thinking_tokens"] = min(max(0, thought), MOST)
            self._fast = found.get("speed") == "fast" or self._fast
            self._take(found, "cache_creation", "ephemeral_1h_input_tokens")
            self._take(found, "server_tool_use", "web_search_requests")
        if not self._counts:
            return None
        count = self._counts.get
        cached, wrote = count("cache_read_input_tokens", 0), count("cache_creation_input_tokens", 0)
        return Usage(
            input=count("input_tokens", 0) + cached + wrote,
            output=count("output_tokens", 0),
            cached=cached,
            cache_write=wrote,
            reasoning=count("thinking_tokens", 0),
            cache_write_1h=min(wrote, count("ephemeral_1h_input_tokens", 0)),
            searches=count("web_search_requests", 0),
            tier="fast" if self._fast else "",
        )

    def _take(self, found: dict[str, object], group: str, name: str) -> None:
        counts = found.get(group)
        if isinstance(counts, dict) and type(value := counts.get(name)) is int and 0 <= value < MOST:
            self._counts[name] = value
