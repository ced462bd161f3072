"""The page at /: a shell without values. Its script and style are built from api/web into api/static."""

import html
from dataclasses import dataclass
from pathlib import Path
from typing import Final

STATIC: Final = Path(__file__).parents[1] / "static"
CSP: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_BANNER_PLACE: Final = "<!--banner-->"


@dataclass(frozen=True, slots=True)
class Banner:
    """What must be known before any value is read: that this is not the real hall."""

    ko: str
    en: str


def simulation_banner(speed: float) -> Banner:
    return Banner(f"시뮬레이션 · {speed:g}배속", f"Simulation x{speed:g}")


class Page:
    """`html` holds no values and asks no other host for anything; CSP allows what lies beside it, no more.

    `below` is the same for addresses one step deeper.
    """

    def __init__(self, banner: Banner | None) -> None:
        text = (STATIC / "index.html").read_text(encoding="utf-8")
        shown = ""
        if banner:
            shown = (
                f'<aside class="banner" aria-label="simulation">'
                f'<span lang="ko">{html.escape(banner.ko)}</span> / '
                f'<span lang="en">{html.escape(banner.en)}</span></aside>'
            )
        text = text.replace(_BANNER_PLACE, shown)
        self.html = text.replace('"./app.', '"static/app.')
        self.below = text.replace('"./app.', '"../static/app.')
