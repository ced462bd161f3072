"""Words that people read, once for the page and for Python: ko.json and en.json have the same keys."""

import json
from functools import cache
from importlib.resources import files
from typing import Final

from venueair.site import Name

LANGUAGES: Final = ("ko", "en")


@cache
def catalogue(language: str) -> dict[str, str]:
    """All words of one language by key. Raises FileNotFoundError for one that there is not."""
    text = files(__package__).joinpath(f"{language}.json").read_text(encoding="utf-8")
    return dict(json.loads(text))


def word(key: str) -> Name:
    """Raises KeyError for a word that there is not."""
    return Name(ko=catalogue("ko")[key], en=catalogue("en")[key])
