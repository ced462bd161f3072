"""/docs: the API's reference from its own OpenAPI description, as one HTML page that loads nothing."""

from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader

CSP: Final = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
_TEMPLATES: Final = Environment(loader=FileSystemLoader(Path(__file__).parent), autoescape=True)


def reference(openapi: dict[str, Any]) -> str:
    return _TEMPLATES.get_template("reference.html").render(paths=openapi["paths"])
