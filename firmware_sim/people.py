"""How many people are in a zone, and what they give to its air.

CO2: 0.0054 L/s each, mixed adults walking around stands (1.6 met), Persily and
de Jonge, Indoor Air 27 (2017).
"""

from collections.abc import Sequence
from itertools import pairwise

CO2_L_PER_S = 0.0054

Schedule = Sequence[tuple[float, float]]
"""(seconds of the story, people) in rising order of time; straight lines between, level before and after."""


def people_at(schedule: Schedule, t_s: float) -> float:
    if not schedule:
        return 0.0
    if t_s <= schedule[0][0]:
        return schedule[0][1]
    for (t0, n0), (t1, n1) in pairwise(schedule):
        if t_s <= t1:
            return n0 + (n1 - n0) * (t_s - t0) / (t1 - t0)
    return schedule[-1][1]


def arrival_s(schedule: Schedule) -> float | None:
    """When people start to come in: the last time before the number first grows; None if it never does."""
    for (t0, n0), (_, n1) in pairwise(schedule):
        if n1 > n0:
            return t0
    return None


def co2_gain_ppm_per_h(people: float, volume_m3: float) -> float:
    m3_per_h = people * CO2_L_PER_S * 3600 / 1000
    return m3_per_h / volume_m3 * 1e6
