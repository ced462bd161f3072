"""The page in a real browser against a running demo."""

import pytest
from playwright.sync_api import expect

from tests.demo_process import DemoProcess
from tests.waiting import wait_until

pytestmark = pytest.mark.browser
LONG_MS = 30_000


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """Fast, so that the story's alarm and its purifiers come while the tests look."""
    demo = DemoProcess(tmp_path_factory.mktemp("page"), "--speed", "30").wait_ready()
    yield demo
    assert demo.stop() == 0


@pytest.fixture
def page(browser, demo):
    context = browser.new_context(viewport={"width": 1280, "height": 900}, locale="ko-KR")
    page = context.new_page()
    page.problems = []
    page.on("pageerror", lambda error: page.problems.append(str(error)))
    page.on("console", lambda m: page.problems.append(m.text) if m.type == "error" else None)
    page.foreign = []
    page.on("request", lambda r: None if r.url.startswith(demo.ready["url"]) else page.foreign.append(r.url))
    yield page
    assert page.problems == []
    assert [url for url in page.foreign if not url.startswith("data:")] == []
    context.close()


def test_shell_holds_no_values_before_the_key(page, demo):
    page.goto(demo.ready["url"])
    expect(page.locator("body")).to_contain_text("시뮬레이션 · 30배속")
    expect(page.locator("body")).not_to_contain_text("ppm")


def test_values_alarm_and_purifiers_come_to_life(page, demo):
    page.goto(f"{demo.ready['url']}/#key={demo.ready['key']}")
    body = page.locator("body")
    expect(body).to_contain_text("A홀", timeout=LONG_MS)
    expect(body).to_contain_text("ppm", timeout=LONG_MS)
    assert "key=" not in page.url
    wait_until(lambda: demo.get("alarms", state="all"), 40)
    expect(body).to_contain_text("주의", timeout=LONG_MS)
    expect(body).to_contain_text("가동", timeout=LONG_MS)
    page.locator("nav a[href='#/purifiers']").click()
    expect(page.locator("[data-unit=hall-a-p1]")).to_contain_text("운전", timeout=LONG_MS)


def test_a_wrong_key_is_refused_in_words(page, demo):
    page.goto(demo.ready["url"])
    page.locator("input").first.fill("vk_wrong")
    page.locator("input").first.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("알 수 없거나 취소된 키")
    expect(page.locator("body")).not_to_contain_text("ppm")
    page.problems.clear()  # the browser itself reports the 401


def test_phone_is_wide_enough(browser, demo):
    context = browser.new_context(viewport={"width": 390, "height": 844})
    page = context.new_page()
    page.goto(f"{demo.ready['url']}/#key={demo.ready['key']}")
    expect(page.locator("body")).to_contain_text("ppm", timeout=LONG_MS)
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= 390
    context.close()
