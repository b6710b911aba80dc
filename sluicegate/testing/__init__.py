"""The test kit: what authors of stages and providers need to test them on trio's virtual clock, without a socket.

::

    async def test_shout_refuses_capitals(autojump_clock):
        async with gateway_of(Shout(), answering()) as gateway:
            with pytest.raises(InvalidRequest):
                await gateway.ask(chat("HELLO"))

What surrounds the stage is fake or scripted; the gateway itself is the real one, with its real workers.
"""

from .gateways import answering as answering
from .gateways import gateway_of as gateway_of
from .gateways import judging as judging
from .gateways import placed as placed
from .gateways import settling as settling
from .gateways import waiting as waiting
from .requests import chat as chat
from .requests import completion as completion
from .requests import embedding as embedding
from .requests import exchange_of as exchange_of
from .requests import messages as messages
from .requests import request as request
from .streams import ScriptedStream as ScriptedStream
from .streams import SpyOutlet as SpyOutlet
from .streams import chunk as chunk
from .upstreams import ScriptedResponse as ScriptedResponse
from .upstreams import ScriptedTransport as ScriptedTransport
