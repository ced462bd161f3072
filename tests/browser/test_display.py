"""The public display in a real browser: large, without a key, honest about its age, back by itself."""

from datetime import date

import pytest
from playwright.sync_api import expect

from api.server import ApiServer
from tests.api.parts import T0, Site, settings
from tests.browser.test_views import AXE, violations

pytestmark = pytest.mark.browser


@pytest.fixture
def site(tmp_path):
    at = settings()
    certified = {"cert_grade": 2, "cert_until": date(2100, 1, 1), "check_due": date(2100, 1, 1)}
    meter = at.sensor[0].model_copy(update=certified)
    return Site(tmp_path, at=at.model_copy(update={"sensor": (meter, *at.sensor[1:])}))


@pytest.fixture
def visit(browser, site):
    server = ApiServer(site.app, site.hub.close)
    url = f"http://127.0.0.1:{server.start('127.0.0.1', 0)}"
    context = browser.new_context(viewport={"width": 1280, "height": 800}, locale="ko-KR")

    def visit(hall: str = "hall-a"):
        page = context.new_page()
        page.goto(f"{url}/display/{hall}")
        return page

    yield visit
    context.close()
    server.stop()


def test_visitors_see_value_grade_scale_and_where_it_is_from(site, visit):
    site.live(("pm1 pm2_5", T0, 45.0, 1), ("zone-a co2", T0, 700.0, 1))
    page = visit()
    dust = page.locator("[data-quantity=pm2_5]")
    expect(dust).to_contain_text("나쁨")
    expect(dust).to_contain_text("45 µg/m³")
    expect(dust).to_contain_text("좋음 0~15")
    expect(page.locator("#display")).to_contain_text("성능인증 2등급 간이측정기")
    expect(page.locator("#display")).to_contain_text("국가 대기오염측정망 자료가 아닙니다")
    expect(page.locator("#display")).not_to_contain_text("pm1")
    page.get_by_role("button", name="English").click()
    expect(dust).to_contain_text("Bad")


def test_an_old_value_has_no_grade_and_a_new_one_comes_back_by_itself(site, visit):
    site.live(("pm1 pm2_5", T0, 5.0, 1))
    page = visit()
    expect(page.locator("[data-quantity=pm2_5]")).to_contain_text("좋음")
    site.clock.advance(600)
    expect(page.locator("#display")).to_contain_text("지금은 보여 드릴 값이 없습니다", timeout=10_000)
    expect(page.locator("#display")).not_to_contain_text("좋음")
    site.live(("pm1 pm2_5", T0 + 600_000, 20.0, 1))
    expect(page.locator("[data-quantity=pm2_5]")).to_contain_text("보통", timeout=10_000)


def test_a_hall_that_is_not_shown_says_so(visit):
    expect(visit("hall-z").locator("#display")).to_contain_text("공개 화면은 꺼져 있습니다")


@pytest.mark.parametrize("value", [5.0, 20.0, 45.0, 90.0])
def test_the_display_breaks_no_rule_of_accessibility(site, visit, value):
    if not AXE.exists():
        pytest.skip("axe-core is not there: make web")
    site.live(("pm1 pm2_5", T0, value, 1))
    page = visit()
    expect(page.locator("[data-quantity=pm2_5]")).to_contain_text("µg/m³")
    page.evaluate(AXE.read_text())
    assert violations(page) == []
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
