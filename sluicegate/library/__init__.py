"""The gateway as a library: the same pipeline inside the caller's own program."""

from .answers import Answer as Answer
from .answers import ChatStream as ChatStream
from .answers import Delta as Delta
from .answers import Embeddings as Embeddings
from .answers import Transcript as Transcript
from .builder import GatewayBuilder as GatewayBuilder
from .client import Client as Client
from .media_answers import Images as Images
from .media_answers import Moderations as Moderations
from .media_answers import Ranking as Ranking
from .media_answers import Sound as Sound
from .messages import Message as Message
from .messages import MessageEvent as MessageEvent
from .messages import MessageStream as MessageStream
from .open import open_gateway as open_gateway
from .responses import Response as Response
from .responses import ResponseEvent as ResponseEvent
from .responses import ResponseStream as ResponseStream
