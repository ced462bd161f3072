"""The four captions of a rehearsal, told from what was measured and done, not from the script.

crowd      CO2 of a zone rose by CROWD_PPM above its lowest since the last story
purifier   a command to run was applied
alarm      an alarm was raised
cleared    an alarm was cleared; the story is told, and the next crowd begins a new one
"""

import threading
from typing import Any, Final

CROWD_PPM: Final = 150.0
CAPTIONS: Final = ("crowd", "purifier", "alarm", "cleared")


class Captions:
    """`step` is given every event and answers with the caption that it lights, if any."""

    def __init__(self, zone_names: dict[str, dict[str, str]]) -> None:
        self._names = zone_names
        self._floor: dict[str, float] = {}
        self._lit: dict[str, dict[str, Any]] = {}
        self._lock = threading.Lock()

    def lit(self) -> list[dict[str, Any]]:
        with self._lock:
            return list(self._lit.values())

    def step(self, event: str, data: dict[str, Any]) -> dict[str, Any] | None:
        with self._lock:
            if event == "values":
                return self._values(data)
            if event == "command" and data.get("state") == "APPLIED" and data.get("mode") == "run":
                text = f"{data.get('purifier')}: {data.get('reason') or ''}".rstrip(": ")
                return self._light("purifier", f"공기청정기 가동 · {text}", f"Purifier runs · {text}")
            if event == "alarm" and data.get("state") == "cleared":
                return self._light(
                    "cleared", f"경보 해제 · {_what(data, 'ko')}", f"Cleared · {_what(data, 'en')}"
                )
            if event == "alarm" and data.get("acknowledged") is None:
                return self._light("alarm", f"경보 · {_what(data, 'ko')}", f"Alarm · {_what(data, 'en')}")
        return None

    def _values(self, data: dict[str, Any]) -> dict[str, Any] | None:
        for series, value in zip(data["series"], data["value"], strict=True):
            zone, _, quantity = series.partition(" ")
            if quantity != "co2" or zone not in self._names or value is None:
                continue
            is_told = "crowd" in self._lit and "cleared" not in self._lit
            floor = value if is_told else min(value, self._floor.get(zone, value))
            self._floor[zone] = floor
            if value - floor >= CROWD_PPM:
                self._lit.clear()
                self._floor[zone] = value
                names = self._names[zone]
                return self._light(
                    "crowd",
                    f"관람객 증가 · {names['ko']} CO2 {value:.0f} ppm",
                    f"A crowd · {names['en']} CO2 {value:.0f} ppm",
                )
        return None

    def _light(self, caption: str, ko: str, en: str) -> dict[str, Any] | None:
        if caption in self._lit or (caption == "cleared" and "alarm" not in self._lit):
            return None
        self._lit[caption] = {"caption": caption, "ko": ko, "en": en}
        return dict(self._lit[caption])


def _what(data: dict[str, Any], language: str) -> str:
    return f"{data.get(f'scope_{language}')} {data.get(f'name_{language}')}"
