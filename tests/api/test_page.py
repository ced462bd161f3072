"""The page at /: a shell without values that its own script fills, small and built from its source."""

import gzip
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from api.page import STATIC, Page, simulation_banner
from tests.api.parts import T0

WEB = STATIC.parent / "web"
BUDGET_BYTES = 100_000


def test_the_page_holds_no_values_and_asks_no_other_host(site):
    site.live(("zone-a pm2_5", T0, 123.456, 1))
    page = site.client(None).get("/")
    assert page.status_code == 200
    for secret in ("123.456", "zone-a", "pf1", "vk_" + "A"):
        assert secret not in page.text
    assert set(re.findall(r"(?:src|href)=\"(.*?)\"", page.text)) == {
        "data:,",
        "static/app.js",
        "static/app.css",
    }
    assert not re.search(r"@import|url\(|//[a-z]+\.|style=", page.text)
    assert "시뮬레이션 · 10배속" in page.text
    assert "Simulation x10" in page.text
    assert "neither a fire detector nor a gas alarm" in page.text


def test_script_and_style_are_served_to_everybody_compressed_and_with_a_tag(site):
    client = site.client(None)
    for name, kind in (("app.js", "text/javascript"), ("app.css", "text/css")):
        answer = client.get(f"/static/{name}")
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith(kind)
        assert answer.headers["content-encoding"] == "gzip"
        assert answer.headers["cache-control"] == "no-cache"
        again = client.get(f"/static/{name}", headers={"If-None-Match": answer.headers["etag"]})
        assert again.status_code == 304


@pytest.mark.parametrize("path", ["../auth.py", "..%2fauth.py", "%2e%2e/auth.py", "nothing.js", ""])
def test_nothing_else_is_below_static(site, path):
    answer = site.client(None).get(f"/static/{path}")
    assert answer.status_code in (401, 404)
    assert "Principal" not in answer.text


def test_the_policy_lets_only_files_of_this_server_run(site):
    policy = site.client(None).get("/").headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy


def test_the_page_and_all_that_it_names_stay_small(site):
    client = site.client(None)
    page = client.get("/").text
    parts = [page.encode(), *(client.get(f"/{name}").content for name in re.findall(r"static/[^\"]+", page))]
    assert len(parts) == 3
    assert sum(len(gzip.compress(part, 9)) for part in parts) <= BUDGET_BYTES


def test_nothing_of_the_page_loads_from_elsewhere():
    for path in STATIC.iterdir():
        text = path.read_text(encoding="utf-8").replace("http://www.w3.org/", "")
        assert not re.search(r"fetch\(\"http|src=\"http|url\(\s*[\"']?(?:https?:)?//|@import", text), (
            path.name
        )


def test_a_real_site_has_no_banner_and_a_banner_cannot_carry_markup():
    assert 'class="banner"' not in Page(None).html
    assert simulation_banner(2.5).en == "Simulation x2.5"


@pytest.mark.integration
def test_the_committed_page_is_what_its_source_builds(tmp_path):
    if shutil.which("node") is None or not (WEB / "node_modules").exists():
        pytest.skip("node, or what it needs, is not there: make web")
    command = ["node", "node_modules/vite/bin/vite.js", "build", "--outDir", tmp_path, "--logLevel", "error"]
    subprocess.run(command, cwd=WEB, check=True, capture_output=True)
    assert built(tmp_path) == built(STATIC)


def built(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_the_lock_of_the_page_names_no_registry():
    lock = (WEB / "package-lock.json").read_text()
    assert '"resolved"' not in lock
    assert '"integrity"' in lock
