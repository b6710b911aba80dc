"""Google Vertex AI."""

from .translator import Vertex as Vertex
from .translator import VertexSettings as VertexSettings
