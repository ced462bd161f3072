import os
import shutil

import pytest
from playwright.sync_api import Browser, Playwright, sync_playwright

# Without these chromium looks for hosts on the internet at every start.
OFFLINE = [
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
]


def launch(playwright: Playwright) -> Browser:
    """Raises FileNotFoundError when there is none."""
    chromium = shutil.which("chromium")
    if chromium is None:
        raise FileNotFoundError("chromium is not installed: make servers")
    root = ["--no-sandbox"] if os.geteuid() == 0 else []
    return playwright.chromium.launch(
        executable_path=chromium, args=[*OFFLINE, *root, "--disable-gpu", "--disable-sync"]
    )


@pytest.fixture(scope="session")
def browser():
    with sync_playwright() as playwright:
        try:
            browser = launch(playwright)
        except FileNotFoundError as error:
            pytest.skip(str(error))
        yield browser
        browser.close()
