"""전체 정지 on the page: two clicks, who and why in sight of everybody, and nobody but operators may."""

from playwright.sync_api import expect

from tests.browser.test_what_people_act_on import pytestmark, show, site

__all__ = ["pytestmark", "show", "site"]


def test_an_operator_stops_a_hall_in_two_clicks_and_releases_it(site, show):
    page = show("operator", view="")
    hall = page.locator("[data-hall=hall-a]")
    expect(hall).to_have_count(1)
    hall.get_by_role("button", name="전체 정지").click()
    page.get_by_role("dialog").get_by_role("button", name="전체 정지").click()
    expect(hall).to_contain_text("전체 정지 중 · operator: 사유 미기재")
    expect(hall).to_contain_text("아직 운전 중: pf1")  # it has not said anything else yet
    hall.get_by_role("button", name="정지 해제").click()
    page.get_by_role("dialog").locator("#comment").fill("원인 제거")
    page.get_by_role("dialog").get_by_role("button", name="정지 해제").click()
    expect(hall).not_to_contain_text("전체 정지 중")
    assert site.control.stops == {}


def test_a_viewer_sees_the_stop_and_has_no_button(site, show):
    site.control.stop_hall("hall-a", by="kim", reason="smoke")
    page = show("viewer", "en-GB", 390, view="")
    expect(page.locator("[data-hall]")).to_contain_text("Whole hall stopped · kim: smoke")
    expect(page.locator("[data-hall] button")).to_have_count(0)


def test_a_stop_by_somebody_else_shows_at_once(site, show):
    page = show("viewer", view="")
    site.control.stop_hall("hall-a", by="kim", reason="연기")
    site.hub.publish("hall_stops", {"stops": site.control.hall_stops()})
    expect(page.locator("[data-hall]")).to_contain_text("전체 정지 중 · kim: 연기")
