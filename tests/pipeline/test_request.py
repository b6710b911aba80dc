"""What a request tells of itself, and an exchange of its answer."""

import msgspec

from sluicegate.pipeline.exchange import Exchange
from sluicegate.pipeline.reply import Reply
from sluicegate.pipeline.request import Request
from sluicegate.pipeline.schemas.decode import parse, type_body

BODY = msgspec.json.encode({"model": "m", "messages": [{"role": "user", "content": "a private matter"}]})


def test_nothing_of_what_is_asked_or_answered_is_in_a_repr():
    request = Request("chat", BODY, credential="sk-mine", fields=parse(BODY), typed=type_body("chat", BODY))
    exchange = Exchange(request, deadline=9.0, started=0.0, reply=Reply(body=b"a private answer"))
    assert "private" not in repr(exchange)
    assert "sk-mine" not in repr(exchange)
    assert "'chat'" in repr(exchange)
