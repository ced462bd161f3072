"""How a bad purifier distorts what a good one would say: late, doubled or missing acks, false reports."""

from dataclasses import dataclass, replace

from firmware_sim.purifier import Ack, Message, Report


@dataclass(frozen=True, slots=True)
class Lies:
    """`is_stuck`: acknowledges and reports the level, but its fan stands still (which the rpm shows)."""

    is_stuck: bool = False
    is_offline: bool = False
    reported_level: int | None = None
    ack_delay_s: float = 0.0
    ack_copies: int = 1


HONEST = Lies()


def distort(lies: Lies, message: Message, now: float) -> list[tuple[float, Message]]:
    """What is really published, each with its time (monotonic seconds)."""
    if isinstance(message, Ack):
        return [(now + lies.ack_delay_s, message)] * lies.ack_copies
    return [(now, _false_report(lies, message))]


def _false_report(lies: Lies, report: Report) -> Report:
    if lies.is_stuck:
        report = replace(report, rpm=0)
    if lies.reported_level is not None:
        report = replace(report, setting=replace(report.setting, level=lies.reported_level))
    return report
