"""Alarms that wait for a reset, a flood of them, and sensors left out, in a real browser on a real server."""

import pytest
from playwright.sync_api import expect

from api.server import ApiServer
from tests.api.parts import T0, Site, edge, latching
from venueair.messages import LeftOut

pytestmark = pytest.mark.browser
SERIES = "zone-a pm2_5"
CO = "co-peak/pm1"


@pytest.fixture
def site(tmp_path):
    return Site(tmp_path)


@pytest.fixture
def show(browser, site):
    """show(role, …) -> the page of one who has that role."""
    server = ApiServer(site.app, site.hub.close)
    url = f"http://127.0.0.1:{server.start('127.0.0.1', 0)}"
    contexts, problems = [], []

    def show(role: str = "operator", locale: str = "ko-KR", width: int = 1280, view: str = "alarms"):
        context = browser.new_context(viewport={"width": width, "height": 844}, locale=locale)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.goto(f"{url}/#key={site.keys[role]}")
        expect(page.locator("#connection")).to_contain_text({"ko-KR": "연결됨"}.get(locale, "Connected"))
        if view:
            page.locator(f"nav a[href='#/{view}']").click()
        return page

    yield show
    for context in contexts:
        context.close()
    server.stop()
    assert problems == []


def tell(site, t: int = T0, *found: LeftOut) -> None:
    site.live((SERIES, t, 12.0, 1), left_out={SERIES: list(found)} if found else {})


def flat(device: str = "pm1") -> LeftOut:
    return LeftOut(device=device, why=["flat_line"], since=T0 - 600_000)


@pytest.mark.parametrize(
    ("locale", "line"),
    [
        ("ko-KR", "제외된 센서: pm1 (값이 변하지 않음, 10분째)"),
        ("en-GB", "Sensors left out: pm1 (its value does not change, for 10 min)"),
    ],
)
def test_a_sensor_that_is_left_out_stands_beside_the_value_until_it_is_well(site, show, locale, line):
    tell(site, T0, flat())
    page = show("viewer", locale, view="")
    zone = page.locator("#zones")
    expect(zone).to_contain_text(line)
    tell(site, T0 + 1000)
    expect(zone).not_to_contain_text(line.split(":")[0])
    tell(site, T0 + 2000, flat())
    expect(zone).to_contain_text(line)


def test_two_that_differ_are_named_without_saying_who_is_wrong(site, show):
    found = [LeftOut(device=device, why=["disagrees"], since=T0) for device in ("pm1", "pm2")]
    tell(site, T0, *found)
    page = show("viewer", view="")
    expect(page.locator("#zones")).to_contain_text("서로 다른 센서: pm1, pm2")
    expect(page.locator("#zones")).not_to_contain_text("제외된 센서")


def test_of_an_old_value_nobody_is_called_left_out(site, show):
    tell(site, T0 - 100_000, flat())
    page = show("viewer", view="")
    expect(page.locator("#zones")).to_contain_text("오래된 값")
    expect(page.locator("#zones")).not_to_contain_text("제외된 센서")


def test_an_operator_resets_a_latched_alarm_once_it_is_over(site, show):
    site.edge(latching(edge(T0, 3, CO)))
    page = show()
    item = page.locator("#alarms li")
    expect(item.get_by_role("button", name="재설정")).to_be_hidden()
    item.get_by_role("button", name="확인").click()
    page.locator("#comment").fill("문을 열었음")
    page.locator("#ack").get_by_role("button", name="확인").click()
    expect(item).to_contain_text("확인함 operator: 문을 열었음")
    expect(item.get_by_role("button")).to_have_count(0)
    site.edge(latching(edge(T0 + 1000, 0, CO)))
    expect(item).to_contain_text("재설정 대기")
    item.get_by_role("button", name="재설정").click()
    dialog = page.locator("#ack")
    expect(dialog).to_contain_text("경보 재설정")
    expect(dialog.locator("#comment")).to_be_hidden()
    dialog.get_by_role("button", name="재설정").click()
    expect(dialog).to_be_hidden()
    expect(page.locator("#no-alarms")).to_contain_text("열린 경보가 없습니다")
    assert site.service.alarms.get(f"{CO}/{T0}/3").reset_by == "operator"


def test_a_reset_that_comes_too_late_says_why(site, show):
    site.edge(latching(edge(T0, 3, CO)))
    site.edge(latching(edge(T0 + 1000, 0, CO)))
    page = show(locale="en-GB")
    page.locator("#alarms li").get_by_role("button", name="Reset").click()
    reset = site.service.alarms.reset
    site.service.alarms.reset = lambda *_: (_ for _ in ()).throw(ValueError("its cause is still there"))
    page.locator("#ack").get_by_role("button", name="Reset").click()
    expect(page.locator("#ack-note")).to_contain_text("its cause is still there")
    site.service.alarms.reset = reset
    page.locator("#ack").get_by_role("button", name="Cancel").click()
    expect(page.locator("#alarms li")).to_have_count(1)


def test_who_may_not_act_has_no_buttons(site, show):
    site.edge(latching(edge(T0, 3, CO)))
    site.edge(latching(edge(T0 + 1000, 0, CO)))
    page = show("viewer")
    expect(page.locator("#alarms li")).to_contain_text("재설정 대기")
    expect(page.locator("#alarms").get_by_role("button")).to_have_count(0)


@pytest.mark.parametrize(
    ("locale", "words"),
    [
        ("ko-KR", ["경보 폭주", "10분간 새 경보: 10", "미확인: 10"]),
        ("en-GB", ["Alarm flood", "new in 10 min: 10", "not acknowledged: 10"]),
    ],
)
def test_a_flood_is_said_on_top_of_the_alarms_as_long_as_it_lasts(site, show, locale, words):
    tell(site)
    page = show("viewer", locale)
    banner = page.locator("#flood")
    expect(banner).to_be_hidden()
    for n in range(10):
        site.edge(edge(T0 + n, 1, f"pm/z{n}"))
    site.clock.advance(1)
    tell(site, T0 + 1000)
    expect(banner).to_be_visible()
    for word in words:
        expect(banner).to_contain_text(word)
    expect(page.locator("#announce")).to_contain_text(words[0])
    assert show("viewer", locale).locator("#flood").is_visible()  # also for who opens the page now
    site.clock.advance(601)
    tell(site, T0 + 602_000)
    expect(banner).to_be_hidden()


def test_what_waits_for_a_reset_stands_between_the_urgent_and_the_others(site, show):
    site.edge(latching(edge(T0, 3, CO)))
    site.edge(latching(edge(T0 + 1000, 0, CO)))
    for level in (1, 2, 3):
        site.edge(edge(T0 + level, level, f"pm/z{level}"))
    items = show("viewer").locator("#alarms li .what")
    expect(items).to_have_count(4)
    assert [text.split(" ")[0] for text in items.all_inner_texts()] == ["z3", "pm1", "z2", "z1"]


def test_all_of_it_fits_a_phone(site, show):
    tell(site, T0, flat("a-device-with-a-name-as-long-as-names-of-devices-may-be-64-letters"))
    site.edge(latching(edge(T0, 3, CO)))
    site.edge(latching(edge(T0 + 1000, 0, CO)))
    for n in range(10):
        site.edge(edge(T0 + n, 1, f"pm/z{n}"))
    site.clock.advance(1)
    page = show(width=390, view="")
    expect(page.locator("#flood")).to_be_visible()
    expect(page.locator("#zones")).to_contain_text("제외된 센서")
    for view in ("alarms", "purifiers", "decisions", "devices"):
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        page.locator(f"nav a[href='#/{view}']").click()
        expect(page.locator("main h1")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_what_is_most_urgent_stands_first_also_when_it_comes_last_and_no_button_loses_the_focus(site, show):
    site.edge(edge(T0, 1, "pm/z1"))
    site.edge(edge(T0 + 1, 2, "pm/z2"))
    page = show()
    scopes = page.locator("#alarms li .what")
    expect(scopes).to_contain_text(["z2", "z1"])
    button = page.locator("#alarms li").filter(has_text="z1").get_by_role("button", name="확인")
    button.focus()
    site.edge(edge(T0 + 2, 3, "pm/z3"))
    expect(scopes).to_contain_text(["z3", "z2", "z1"])
    site.edge(edge(T0 + 3, 0, "pm/z2"))
    site.edge(edge(T0 + 4, 1, "pm/z4"))
    expect(scopes).to_contain_text(["z3", "z4", "z1"])
    expect(button).to_be_focused()
