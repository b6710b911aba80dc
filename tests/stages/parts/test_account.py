from sluicegate.pipeline.errors import UpstreamTimeout
from sluicegate.pipeline.life import State
from sluicegate.stages.parts.account import account
from tests.stages.exchanges import asking, end


def test_behind_a_head_that_left_early_the_status_is_the_heads() -> None:
    exchange = asking(stream=True)
    exchange.notes["early_head"] = "200"
    end(exchange, State.FAILED, error=UpstreamTimeout("silent"))
    assert account(exchange).status == 200
