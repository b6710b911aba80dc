"""Bring the chunks of the family's streams into OpenAI's form.

A role stands in the first chunk of each choice alone. A piece of a call has its number; only the first piece has id,
type and name. Usage stands in one chunk of its own, which is the last: what comes with other chunks is taken from
them, since some send it with each.
"""

from __future__ import annotations

from ..openai.errors import ErrorTable
from ..problem import problem_in
from ..reading import Malformed
from .answers import Defaults, complete, read_json, without, write_json
from .citations import cited_in
from .counts import mend_logprobs, mend_usage
from .finish import finish_of
from .profile import Profile
from .said import Json, mend_call, mend_said
from .think import ThinkTags

_SOURCES = frozenset({"citations", "search_results"})


class _Choice:
    """What is known of one choice so far."""

    def __init__(self, index: int) -> None:
        self.index = index
        self.begun = False
        self.finished = False
        self.tags = ThinkTags()
        self.text: list[str] = []
        self.slots: list[object] = []  # the ids of its calls, by number


class FamilyMender:
    """Mends one stream.

    Args:
        profile: What the provider does otherwise.
        errors: Maps errors that come in the stream.
        operation: ``chat`` or ``completion``.
        defaults: For chunks that leave something out.
    """

    def __init__(self, profile: Profile, errors: ErrorTable, operation: str, defaults: Defaults) -> None:
        self._profile = profile
        self._errors = errors
        self._chat = operation == "chat"
        self._defaults = defaults
        self._choices: dict[int, _Choice] = {}
        self._frame: Json = {}
        self._usage: object = None

    @property
    def usage(self) -> object:
        """The usage that was reported last."""
        return self._usage

    def mend(self, data: bytes) -> list[bytes]:
        """Return the chunks that take the place of this one. See `ChunkMender`."""
        top = read_json(data)
        if top is None or top.get("error"):
            return [data]
        self._take_extras(top)
        usage = top.pop("usage", None)
        if isinstance(usage, dict) and usage:
            self._usage = mend_usage(usage)
        choices = top.pop("choices", None)
        if choices is None:
            return [] if usage else [data]
        if not isinstance(choices, list):
            return [data]
        kind = "chat.completion.chunk" if self._chat else "text_completion"
        frame = complete(top, self._profile, self._defaults, kind)
        mended = [kept for choice in choices if (kept := self._mend(choice, top)) is not None]
        self._frame = without(frame, _SOURCES)
        if self._profile.citations and not any(choice["finish_reason"] for choice in mended):
            frame = self._frame
        return [write_json({**frame, "choices": mended})] if mended else []

    def end(self) -> list[bytes]:
        """Return what was held back of each choice, and the one chunk with usage."""
        last: list[bytes] = []
        frame = self._frame or complete({}, self._profile, self._defaults, "chat.completion.chunk")
        for state in self._choices.values():
            delta = _thought_and_said(*state.tags.end())
            if delta and self._profile.think_tags and not state.finished:
                choice = {"index": state.index, "delta": delta, "finish_reason": None}
                last.append(write_json({**frame, "choices": [choice]}))
        if self._usage is not None:
            last.append(write_json({**frame, "choices": [], "usage": self._usage}))
            self._usage = None
        return last

    def _take_extras(self, top: Json) -> None:
        """Look into what Groq sends beside the chunk: it may be an error, or the usage."""
        extras = top.get("x_groq")
        if not isinstance(extras, dict):
            return
        if extras.get("error"):
            raise self._errors.in_band(problem_in({"error": extras["error"]}))
        if extras.get("usage") and not top.get("usage"):
            top["usage"] = extras["usage"]

    def _mend(self, choice: object, top: Json) -> Json | None:
        """Return a choice in form, or None where it says nothing behind its end."""
        if not isinstance(choice, dict):
            raise Malformed("not of its API (a choice that is no object)")
        index = choice.get("index")
        state = self._state(index if isinstance(index, int) else 0)
        kept = without(choice, self._profile.drop_keys)
        kept["index"] = state.index
        if not self._chat:
            kept["finish_reason"] = finish_of(choice, self._errors, called=False)
            return kept
        for name in ("text", "message"):
            kept.pop(name, None)
        found = choice.get("delta")
        delta: Json = found if isinstance(found, dict) else {}
        kept["delta"] = delta
        self._mend_delta(delta, state)
        if "logprobs" in kept:
            kept["logprobs"] = mend_logprobs(kept["logprobs"], delta.get("content"))
        kept["finish_reason"] = finish_of(choice, self._errors, called=bool(state.slots))
        if kept["finish_reason"]:
            self._end_choice(delta, state, top)
        elif state.finished and not any(delta.values()):
            return None
        state.finished = state.finished or bool(kept["finish_reason"])
        return kept

    def _state(self, index: int) -> _Choice:
        if index not in self._choices:
            self._choices[index] = _Choice(index)
        return self._choices[index]

    def _mend_delta(self, delta: Json, state: _Choice) -> None:
        mend_said(delta, self._profile.drop_keys)
        delta.pop("role", None)
        if not state.begun:
            state.begun = True
            delta["role"] = "assistant"
        content = delta.get("content")
        if isinstance(content, str) and self._profile.think_tags:
            thought, said = state.tags.feed(content)
            delta["content"] = said
            if thought:
                delta["reasoning_content"] = thought
        if self._profile.citations and isinstance(delta.get("content"), str):
            state.text.append(str(delta["content"]))
        calls = delta.get("tool_calls")
        good = [call for call in calls if isinstance(call, dict)] if isinstance(calls, list) else []
        if not good:
            delta.pop("tool_calls", None)
            return
        delta["tool_calls"] = good
        for call in good:
            self._number(call, state)

    def _number(self, call: Json, state: _Choice) -> None:
        """Give a piece of a call its number: its own, or that of its id, or that of the call under way."""
        id_, index = call.get("id") or None, call.get("index")
        known = len(state.slots)
        if isinstance(index, int) and 0 <= index <= known and not _another(call, index, state.slots):
            place = index
        elif id_ is None:
            place = max(0, known - 1)
        else:
            place = state.slots.index(id_) if id_ in state.slots else known
        first = place == known
        if first:
            state.slots.append(id_)
        mend_call(call, f"{self._defaults.id} {state.index}", place, first=first)

    def _end_choice(self, delta: Json, state: _Choice, top: Json) -> None:
        """Put into a choice's last delta what was held back of it, and its sources."""
        if self._profile.think_tags:
            for key, held in _thought_and_said(*state.tags.end()).items():
                delta[key] = str(delta.get(key) or "") + held
                if key == "content":
                    state.text.append(held)
        if self._profile.citations and (cited := cited_in("".join(state.text), top)):
            delta["annotations"] = cited


def _thought_and_said(thought: str, said: str) -> dict[str, str]:
    return {key: text for key, text in (("reasoning_content", thought), ("content", said)) if text}


def _another(call: Json, index: int, slots: list[object]) -> bool:
    """Say whether a call under a number that is taken is another one: some servers number all of them 0."""
    id_, function = call.get("id"), call.get("function")
    named = isinstance(function, dict) and bool(function.get("name"))
    return index < len(slots) and named and bool(id_) and slots[index] is not None and id_ != slots[index]
