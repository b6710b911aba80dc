"""The requests that the gateway understands, typed: the schemas of OpenAI's, Anthropic's and Gemini's APIs."""

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
from .generate import GenerateRequest as GenerateRequest
from .json_texts import Text as Text
from .messages import ContentBlock as ContentBlock
from .messages import CountTokensRequest as CountTokensRequest
from .messages import MessageParam as MessageParam
from .messages import MessagesRequest as MessagesRequest
from .responses import ResponsesRequest as ResponsesRequest
from .texts import TypedRequest as TypedRequest
from .texts import texts_of as texts_of
from .tools import FunctionCall as FunctionCall
from .tools import FunctionDefinition as FunctionDefinition
from .tools import NamedToolChoice as NamedToolChoice
from .tools import Tool as Tool
from .tools import ToolCall as ToolCall
from .tools import ToolChoice as ToolChoice
