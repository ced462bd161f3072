import os
import shutil

import pytest
from playwright.sync_api import sync_playwright

# Without these chromium looks for hosts on the internet at every start.
OFFLINE = [
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
]


@pytest.fixture(scope="session")
def browser():
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("chromium is not installed: make servers")
    root = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium, args=[*OFFLINE, *root, "--disable-gpu", "--disable-sync"]
        )
        yield browser
        browser.close()
