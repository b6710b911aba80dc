"""Cohere, by version 2 of its API."""

from .translator import Cohere as Cohere
from .translator import CohereSettings as CohereSettings
