"""Every view with real answers: charts and their CSV, orders, audit; usable by everybody."""

import csv
from pathlib import Path

import pytest
from playwright.sync_api import expect

from api.page import STATIC
from tests.api.parts import T0, edge, latching
from tests.browser.test_what_people_act_on import pytestmark, show, site

__all__ = ["pytestmark", "show", "site"]
AXE = STATIC.parent / "web" / "node_modules" / "axe-core" / "axe.min.js"
VIEWS = ("", "hall/hall-a", "alarms", "purifiers", "decisions", "devices", "device/pm1", "audit")


def go(page, view: str) -> None:
    page.evaluate("view => { location.hash = '#/' + view }", view)


def busy(site) -> None:
    site.live(("zone-a pm2_5", T0, 12.0, 1), ("pm1 pm2_5", T0, 12.0, 1))
    site.edge(latching(edge(T0, 3, "co-peak/pm1")))
    site.edge(edge(T0, 2))
    site.edge(edge(T0 - 5000, 1, "pm/zone-b"))
    site.edge(edge(T0, 0, "pm/zone-b"))


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_no_view_breaks_a_rule_of_accessibility(site, show, scheme, width):
    if not AXE.exists():
        pytest.skip("axe-core is not there: make web")
    busy(site)
    page = show("admin", width=width, view="")
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    page.evaluate(AXE.read_text())
    for view in VIEWS:
        go(page, view)
        expect(page.locator("main h1")).to_have_count(1)
        expect(page.get_by_text("불러오는 중…")).to_have_count(0)
        assert violations(page) == [], view
        assert page.evaluate("document.documentElement.scrollWidth") <= width, view
    page.locator("#forget").click()
    expect(page.locator("#key")).to_be_focused()
    assert violations(page) == []


def violations(page) -> list[str]:
    found = page.evaluate("axe.run().then(r => r.violations)")
    return [f"{one['id']}: {one['nodes'][0]['html'][:200]}" for one in found]


def test_the_csv_of_a_chart_has_the_readings_that_are_drawn(site, show):
    site.clock.advance(10)
    site.live(("zone-a pm2_5", T0 + 2000, 12.5, 1))
    page = show("viewer", view="")
    page.get_by_role("link", name="에이홀").click()
    chart = page.locator("[data-chart='zone-a pm2_5']")
    expect(chart.get_by_role("img")).to_have_accessible_name(
        "초미세먼지 PM2.5: 최소 10.0 µg/m³ · 평균 11.3 µg/m³ · 최대 12.5 µg/m³"
    )
    expect(chart.locator("canvas")).to_be_visible()
    with page.expect_download() as download:
        chart.get_by_role("button", name="CSV").click()
    with Path(download.value.path()).open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["value"] for row in rows] == ["10", "", "12.5"]
    assert [row["quality"] for row in rows] == ["not_evaluated", "missing", "not_evaluated"]
    assert {row["source"] for row in rows} == {"zone-a"}


def test_a_new_reading_moves_into_the_chart(site, show):
    site.clock.advance(10)
    site.live(("zone-a pm2_5", T0 + 2000, 12.5, 1))
    page = show("viewer", view="")
    go(page, "hall/hall-a")
    name = page.locator("[data-chart='zone-a pm2_5']").get_by_role("img")
    expect(name).to_have_accessible_name(
        "초미세먼지 PM2.5: 최소 10.0 µg/m³ · 평균 11.3 µg/m³ · 최대 12.5 µg/m³"
    )
    site.live(("zone-a pm2_5", T0 + 9000, 40.5, 1))
    expect(name).to_have_accessible_name(
        "초미세먼지 PM2.5: 최소 10.0 µg/m³ · 평균 21.0 µg/m³ · 최대 40.5 µg/m³"
    )


def test_a_longer_range_is_drawn_from_means(site, show):
    page = show("viewer", view="")
    go(page, "hall/hall-a")
    page.get_by_role("button", name="7일").click()
    chart = page.locator("[data-chart='zone-a pm2_5']").get_by_role("img")
    expect(chart).to_have_accessible_name(
        "초미세먼지 PM2.5: 최소 10.3 µg/m³ · 평균 11.3 µg/m³ · 최대 12.3 µg/m³"
    )


def test_to_do_has_five_lines_at_most_the_most_urgent_first_each_with_a_button(site, show):
    site.live(("zone-a pm2_5", T0, 12.0, 1))
    for n in range(6):
        site.edge(edge(T0 + n, 1 if n < 5 else 3, f"pm/z{n}"))
    page = show("operator", view="")
    lines = page.locator("#todo li")
    expect(lines).to_have_count(5)
    expect(lines.first).to_contain_text("z5")
    expect(page.locator("#todo")).to_contain_text("+ 1")
    lines.first.get_by_role("button", name="확인").click()
    page.get_by_role("dialog").get_by_role("button", name="확인").click()
    expect(page.locator("#todo")).not_to_contain_text("z5")


def test_without_a_connection_nothing_is_within_limits_and_nothing_is_known_to_be_done(site, show):
    site.live(("zone-a pm2_5", T0, 12.0, 1))
    page = show("operator", view="")
    expect(page.locator("#zones")).to_contain_text("기준 이내")
    page.context.set_offline(True)
    site.hub.close()
    expect(page.locator("#connection")).to_contain_text("연결 끊김")
    expect(page.locator("#todo")).to_contain_text("할 일을 알 수 없습니다")
    expect(page.locator("#zones")).not_to_contain_text("기준 이내")
    expect(page.locator("#zones")).to_contain_text("데이터 없음")


def test_an_operator_overrides_a_unit_with_reason_and_end(site, show):
    page = show("operator", view="purifiers")
    page.locator("[data-unit=pf1]").get_by_role("button", name="수동 운전").click()
    dialog = page.get_by_role("dialog")
    dialog.locator("#level").select_option("3")
    dialog.locator("#minutes").fill("30")
    dialog.locator("#comment").fill("행사 준비")
    dialog.get_by_role("button", name="수동 운전").click()
    expect(dialog).to_be_hidden()
    (order,) = site.control.orders
    assert (order["mode"], order["level"], order["minutes"], order["reason"]) == ("run", 3, 30, "행사 준비")


def test_a_refused_order_says_why_and_can_be_cancelled(site, show):
    site.control.refuses = True
    page = show("operator", "en-GB", view="purifiers")
    page.locator("[data-unit=pf1]").get_by_role("button", name="Override").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Override").click()
    expect(dialog.get_by_role("alert")).to_contain_text("the unit is offline; look at its plug")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    assert site.control.orders == []


def test_automatic_control_of_a_zone_is_turned_off_with_a_reason(site, show):
    page = show("operator", view="purifiers")
    page.get_by_role("button", name="자동 제어 끄기").click()
    page.get_by_role("dialog").locator("#comment").fill("정비")
    page.get_by_role("dialog").get_by_role("button", name="자동 제어 끄기").click()
    expect(page.get_by_role("button", name="자동 제어 켜기")).to_be_visible()
    assert site.control.automatic is False


@pytest.mark.parametrize("role", ["viewer", "operator"])
def test_the_audit_log_is_for_administrators(site, show, role):
    page = show(role, view="")
    expect(page.locator("nav a[href='#/audit']")).to_have_count(0)
    go(page, "audit")
    expect(page.locator("main")).to_contain_text("관리자 키로만")


def test_an_administrator_sees_what_was_done_on_the_page(site, show):
    page = show("admin", view="")
    page.locator("[data-hall=hall-a]").get_by_role("button", name="전체 정지").click()
    page.get_by_role("dialog").get_by_role("button", name="전체 정지").click()
    expect(page.get_by_role("dialog")).to_be_hidden()
    go(page, "audit")
    expect(page.locator("table")).to_contain_text("halls/hall-a/stop")


def test_the_language_of_all_of_it_turns_at_once_and_is_kept(site, show):
    page = show("viewer", view="")
    page.locator("#language").click()
    expect(page.locator("#todo")).to_contain_text("To do now")
    assert page.evaluate("document.documentElement.lang") == "en"
    page.reload()
    expect(page.locator("#connection")).to_contain_text("Connected")


def test_an_unknown_address_leads_back(site, show):
    page = show("viewer", view="")
    for view in ("nothing", "hall/nothing", "device/nothing"):
        go(page, view)
        expect(page.locator("main")).to_contain_text("이 주소에는 화면이 없습니다")
