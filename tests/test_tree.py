"""Habits of the tree that are easy to lose: sizes, names, and what a page or the lock promises."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PARTS = ("venueair", "gateway", "ingest", "api", "firmware_sim")
BANNED = {"utils", "helpers", "common", "misc", "manager", "base"}


def tracked() -> list[Path]:
    found = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    return [ROOT / name for name in found.stdout.splitlines() if (ROOT / name).is_file()]


def sources() -> list[Path]:
    return [path for part in PARTS for path in (ROOT / part).rglob("*.py")]


@pytest.mark.parametrize("path", sources(), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_is_small_and_has_a_name_that_says_something(path):
    assert path.stem not in BANNED
    assert len(path.read_text().splitlines()) <= 300


def test_the_lock_names_no_package_index():
    lock = (ROOT / "requirements.lock").read_text()
    assert "http" not in "".join(line for line in lock.splitlines() if not line.lstrip().startswith("http"))
    assert "index-url" not in lock
    assert "--hash=sha256:" in lock


def test_every_dependency_earns_its_line():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    extras = project["project"]["optional-dependencies"]
    asked = [*project["project"]["dependencies"], *(d for extra in extras.values() for d in extra)]
    asked += project["dependency-groups"]["dev"]
    names = {re.match(r"[A-Za-z0-9_\-]+", requirement)[0] for requirement in asked}
    page = (ROOT / "docs" / "dependencies.md").read_text()
    listed = re.findall(r"^\| ([A-Za-z0-9_\-]+) \|", page, flags=re.MULTILINE)
    assert sorted(n for n in listed if n != "package") == sorted(names)


def test_dependencies_said_to_be_unused_are_unused():
    page = (ROOT / "docs" / "dependencies.md").read_text()
    waiting = page.split("nothing imports them yet")[1].split("## Extras")[0]
    names = {name.replace("-", "_") for name in re.findall(r"^\| ([\w\-]+) \|", waiting, flags=re.MULTILINE)}
    names = names - {"package"}
    assert names
    code = "\n".join(path.read_text() for path in sources())
    used = {name for name in names if re.search(rf"^\s*(?:from|import) {name}\b", code, flags=re.MULTILINE)}
    assert used == set()


def test_links_between_pages_lead_somewhere():
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")]
    for page in pages:
        for target in re.findall(r"\]\(([^)#]+)\)", page.read_text()):
            if "://" not in target:
                assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_readme_starts_with_the_two_commands():
    head = (ROOT / "README.md").read_text().splitlines()[:12]
    assert any(line.startswith("make demo") for line in head)
    assert any(line.startswith("make test") for line in head)
