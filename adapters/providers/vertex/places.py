"""Where the models of Vertex AI are.

Source: https://cloud.google.com/vertex-ai/generative-ai/docs/learn/locations, and google-genai's client.
"""

from __future__ import annotations

from ..gemini.translator import check_model, versioned

HOST = "aiplatform.googleapis.com"
RANKERS = "https://discoveryengine.googleapis.com"
REGIONS = frozenset({"us", "eu"})
"""Locations of more than one place."""
PUBLISHERS = (("claude", "anthropic"), ("mistral", "mistralai"), ("codestral", "mistralai"))
"""Who has published a model, by how its name begins; the others are Google's own."""
EMBEDDED_ALONE = ("gemini-embedding-2",)
"""How the names of models begin that have the method ``embedContent``, one text a call; the others have ``predict``."""


def publisher_of(model: str) -> str:
    """Return who has published a model: ``publisher/model`` says it; empty for a tuned endpoint."""
    first, slash, rest = model.partition("/")
    if not slash:
        return next((name for prefix, name in PUBLISHERS if model.startswith(prefix)), "google")
    if first == "publishers":
        return rest.partition("/")[0]
    return "" if first == "endpoints" else first


def name_of(model: str) -> str:
    """Return a model's own name, without what says where it is."""
    return model.rpartition("/")[2]


class Places:
    """The URLs of one project's models.

    Args:
        base_url: What stands for Google's hosts, or empty.
        version: Of the API.
        project: Empty where an API key says it.
        location: A region, ``us``, ``eu`` or ``global``.
    """

    def __init__(self, base_url: str, version: str, project: str, location: str) -> None:
        self._root = versioned(base_url or f"https://{_host(location, project)}", version)
        self._unversioned = self._root.rpartition("/")[0]
        self._rankers = self._unversioned if base_url else RANKERS
        self._project = project
        self._parent = f"projects/{project}/locations/{location}/" if project else ""

    @property
    def models_url(self) -> str:
        """Where Google's models are listed; only the newer version of its API can say."""
        return f"{self._unversioned}/v1beta1/publishers/google/models"

    @property
    def rank_url(self) -> str:
        """Where documents are ranked, wherever the models are; empty where no project is known to ask for."""
        place = f"projects/{self._project}/locations/global/rankingConfigs/default_ranking_config:rank"
        return f"{self._rankers}/v1/{place}" if self._project else ""

    def url(self, model: str, method: str) -> str:
        """Return the URL of a model's method. Raises NotFound for what can be no model."""
        check_model(model)
        publisher = publisher_of(model)
        resource = f"publishers/{publisher}/models/{name_of(model)}" if publisher else model
        return f"{self._root}/{self._parent}{resource}:{method}"


def _host(location: str, project: str) -> str:
    if location == "global" or not project:
        return HOST
    return f"aiplatform.{location}.rep.googleapis.com" if location in REGIONS else f"{location}-{HOST}"
