"""Google Vertex AI."""

from .settings import VertexSettings as VertexSettings
from .translator import Vertex as Vertex
