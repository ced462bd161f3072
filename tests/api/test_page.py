"""The page at /: a shell without values that only its own script can fill."""

import base64
import hashlib
import re

from api.page import Page, simulation_banner
from tests.api.parts import T0


def test_the_page_holds_no_values_and_asks_no_other_host(site):
    site.live(("zone-a pm2_5", T0, 123.456, 1))
    page = site.client(None).get("/")
    assert page.status_code == 200
    for secret in ("123.456", "zone-a", "pf1", "vk_" + "A"):
        assert secret not in page.text
    assert not re.search(
        r"(src|href)=[\"'](?!data:,)|@import|url\(|//[a-z]+\.",
        page.text.replace("http://www.w3.org/2000/svg", ""),
    )
    assert "innerHTML" not in page.text
    assert 'style="' not in page.text
    assert "시뮬레이션 · 10배속" in page.text
    assert "Simulation x10" in page.text
    assert "neither a fire detector nor a gas alarm" in page.text


def test_the_policy_names_exactly_the_inline_parts(site):
    page = site.client(None).get("/")
    policy = page.headers["content-security-policy"]
    for tag in ("script", "style"):
        (inline,) = re.findall(rf"<{tag}>(.*?)</{tag}>", page.text, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(inline.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy


def test_both_languages_of_the_page_have_the_same_words():
    text = Page(None).html
    ko, en = re.findall(r"^  (?:ko|en): \{(.*?)\},$", text, re.DOTALL | re.MULTILINE)
    words = [set(re.findall(r"(\w+): \"", part)) for part in (ko, en)]
    assert words[0] == words[1]
    assert len(words[0]) > 40


def test_a_real_site_has_no_banner_and_a_banner_cannot_carry_markup():
    assert 'class="banner"' not in Page(None).html
    assert simulation_banner(2.5).en == "Simulation x2.5"
