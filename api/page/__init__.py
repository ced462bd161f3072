"""The page at /: one HTML file with style and script inside, and a policy that allows exactly those two."""

import base64
import hashlib
import html
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_FILE: Final = Path(__file__).parent / "index.html"
_BANNER_PLACE: Final = "<!--banner-->"


@dataclass(frozen=True, slots=True)
class Banner:
    """What must be known before any value is read: that this is not the real hall."""

    ko: str
    en: str


def simulation_banner(speed: float) -> Banner:
    return Banner(f"시뮬레이션 · {speed:g}배속", f"Simulation x{speed:g}")


class Page:
    """`html` holds no values and asks no other host for anything; `csp` names the hashes of its parts."""

    def __init__(self, banner: Banner | None) -> None:
        text = _FILE.read_text(encoding="utf-8")
        shown = ""
        if banner:
            shown = (
                f'<p class="banner" role="note"><span lang="ko">{html.escape(banner.ko)}</span> / '
                f'<span lang="en">{html.escape(banner.en)}</span></p>'
            )
        self.html = text.replace(_BANNER_PLACE, shown)
        self.csp = "; ".join(
            (
                "default-src 'none'",
                f"script-src {_hashes('script', text)}",
                f"style-src {_hashes('style', text)}",
                "connect-src 'self'",
                "img-src data:",
                "base-uri 'none'",
                "form-action 'none'",
                "frame-ancestors 'none'",
            )
        )


def _hashes(tag: str, text: str) -> str:
    found = re.findall(rf"<{tag}>(.*?)</{tag}>", text, flags=re.DOTALL)
    digests = (base64.b64encode(hashlib.sha256(part.encode()).digest()).decode() for part in found)
    return " ".join(f"'sha256-{digest}'" for digest in digests) or "'none'"
