"""Pictures of the main views in docs/screenshots, from a running demo: make screenshots"""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from playwright.sync_api import Browser, expect, sync_playwright

from tests.browser.conftest import launch
from tests.demo_process import DemoProcess
from tests.waiting import wait_until

FOLDER: Final = Path(__file__).parents[2] / "docs" / "screenshots"
DESKTOP: Final = (1360, 900)
PHONE: Final = (390, 844)
# name, view, size, language, scheme
PICTURES: Final = (
    ("overview", "", DESKTOP, "ko-KR", "light"),
    ("hall", "hall/expo", (1360, 1180), "ko-KR", "light"),
    ("alarms", "alarms", DESKTOP, "en-GB", "light"),
    ("purifiers", "purifiers", DESKTOP, "en-GB", "light"),
    ("decisions", "decisions", DESKTOP, "en-GB", "light"),
    ("devices", "devices", DESKTOP, "ko-KR", "light"),
    ("audit", "audit", DESKTOP, "en-GB", "light"),
    ("overview-dark", "", DESKTOP, "en-GB", "dark"),
    ("phone", "", PHONE, "ko-KR", "light"),
)
WARM_S: Final = 60


def take(browser: Browser, demo: DemoProcess) -> None:
    for name, view, (width, height), locale, scheme in PICTURES:
        context = browser.new_context(
            viewport={"width": width, "height": height}, locale=locale, color_scheme=scheme
        )
        page = context.new_page()
        page.goto(f"{demo.ready['url']}/#key={demo.ready['key']}")
        expect(page.locator("main h1")).to_have_count(1)
        page.evaluate("view => { location.hash = '#/' + view }", view)
        page.wait_for_timeout(4000)  # trends and charts come after the first values
        page.screenshot(path=FOLDER / f"{name}.png")
        context.close()
        sys.stdout.write(f"{name}.png\n")


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    with TemporaryDirectory() as folder, sync_playwright() as playwright:
        demo = DemoProcess(Path(folder), "--speed", "30").wait_ready()
        browser = launch(playwright)
        try:
            wait_until(lambda: demo.get("alarms", state="open"), WARM_S)
            wait_until(lambda: any(row["mode"] == "run" for row in demo.get("purifiers")), WARM_S)
            take(browser, demo)
        finally:
            browser.close()
            demo.stop()


if __name__ == "__main__":
    main()
