"""Sluicegate: an AI gateway whose requests flow through stages joined by memory channels.

::

    async with open_gateway("config.yaml") as gateway:
        answer = await gateway.chat("demo", "Hello")
"""

from .library import (
    Answer as Answer,
)
from .library import (
    ChatStream as ChatStream,
)
from .library import (
    Client as Client,
)
from .library import (
    Delta as Delta,
)
from .library import (
    Embeddings as Embeddings,
)
from .library import (
    GatewayBuilder as GatewayBuilder,
)
from .library import (
    Images as Images,
)
from .library import (
    Message as Message,
)
from .library import (
    MessageEvent as MessageEvent,
)
from .library import (
    MessageStream as MessageStream,
)
from .library import (
    Moderations as Moderations,
)
from .library import (
    Ranking as Ranking,
)
from .library import (
    Response as Response,
)
from .library import (
    ResponseEvent as ResponseEvent,
)
from .library import (
    ResponseStream as ResponseStream,
)
from .library import (
    Sound as Sound,
)
from .library import (
    Transcript as Transcript,
)
from .library import (
    open_gateway as open_gateway,
)
from .pipeline.config.problems import ConfigError as ConfigError
from .pipeline.errors import GatewayError as GatewayError

__version__ = "0.1.0"
