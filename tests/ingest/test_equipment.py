"""Edges of alarms about equipment, and the end of alarms whose rule is gone."""

from ingest.equipment import GONE, equipment_edges, of_device, of_quantity, orphans
from venueair.messages import AlarmEdge

NOW = 1_795_447_500_000


def raised(rule, scope, **more):
    alarm = f"{rule}/{scope}"
    return AlarmEdge(
        id=f"{alarm}/1/2",
        alarm=alarm,
        rule=rule,
        scope=scope,
        quantity="pm2_5",
        t=1,
        level=2,
        value=60,
        limit=50,
        **more,
    )


def by_name(*edges):
    return {edge.alarm: edge for edge in edges}


def test_alarms_of_other_rules_are_left_alone():
    assert equipment_edges(set(), {"silence"}, by_name(raised("pm", "stage")), NOW) == []


def test_one_alarm_of_a_device_is_kept_when_the_quantity_it_is_about_changes():
    (edge,) = equipment_edges({of_device("fault-floor", "s1", "co2")}, {"fault-floor"}, {}, NOW)
    assert (edge.alarm, edge.quantity) == ("fault-floor/s1", "co2")
    assert equipment_edges({of_device("fault-floor", "s1")}, {"fault-floor"}, by_name(edge), NOW) == []


def test_an_alarm_ends_when_its_rule_zone_or_device_is_gone_and_says_so():
    kept, gone = raised("pm", "stage"), raised("co-peak", "old-co", latching=True, family="screening")
    silence = equipment_edges({of_quantity("silence", "s1")}, {"silence"}, {}, NOW)
    (edge,) = orphans(by_name(kept, gone, *silence), {"pm/stage", "pm/foyer"}, NOW)
    assert (edge.alarm, edge.level, edge.reason, edge.t) == ("co-peak/old-co", 0, GONE, NOW)
    assert (edge.rule, edge.scope, edge.quantity, edge.latching) == ("co-peak", "old-co", "pm2_5", True)
    assert edge.family == "screening"
    assert edge.id != gone.id
