"""The requests that the gateway understands, typed: the schemas of the OpenAI API."""

from .chat import ChatRequest as ChatRequest
from .chat import Message as Message
from .completion import CompletionRequest as CompletionRequest
from .content import Content as Content
from .content import FileInput as FileInput
from .content import ImageUrl as ImageUrl
from .content import InputAudio as InputAudio
from .content import Part as Part
from .embedding import EmbeddingRequest as EmbeddingRequest
from .fields import StreamOptions as StreamOptions
from .texts import Text as Text
from .texts import TypedRequest as TypedRequest
from .texts import texts_of as texts_of
from .tools import FunctionCall as FunctionCall
from .tools import FunctionDefinition as FunctionDefinition
from .tools import NamedToolChoice as NamedToolChoice
from .tools import Tool as Tool
from .tools import ToolCall as ToolCall
from .tools import ToolChoice as ToolChoice
