"""Kinds of rooms that limits are about, with their group in Korea's Indoor Air Quality Control Act.

Groups: A general, B sensitive, C car parks, D the rest; none: not named in the Act. The Act covers a facility
from a size on (Enforcement Decree, article 2); a venue can hold several kinds, so each zone has its own.
"""

from dataclasses import dataclass
from typing import Final, Literal

Group = Literal["A", "B", "C", "D"]


@dataclass(frozen=True, slots=True)
class Facility:
    id: str
    group: Group | None
    covered_from: str
    ko: str
    en: str


_ALL: Final = (
    Facility("exhibition", "A", "2,000 m²", "전시시설", "Exhibition hall"),
    Facility("museum", "A", "3,000 m²", "박물관 및 미술관", "Museum or gallery"),
    Facility("library", "A", "3,000 m²", "도서관", "Library"),
    Facility("cinema", "A", "all indoor", "영화상영관", "Cinema"),
    Facility("station", "A", "all", "지하역사", "Underground station"),
    Facility("underground_arcade", "A", "2,000 m²", "지하도상가", "Underground arcade"),
    Facility("rail_waiting_hall", "A", "2,000 m²", "철도역사의 대합실", "Railway waiting hall"),
    Facility("bus_waiting_hall", "A", "2,000 m²", "여객자동차터미널의 대합실", "Bus terminal waiting hall"),
    Facility("port_waiting_hall", "A", "5,000 m²", "항만시설 중 대합실", "Port waiting hall"),
    Facility("airport_terminal", "A", "1,500 m²", "공항시설 중 여객터미널", "Airport passenger terminal"),
    Facility("large_store", "A", "all", "대규모점포", "Large store"),
    Facility("funeral_hall", "A", "1,000 m² (unconfirmed)", "장례식장", "Funeral hall"),
    Facility("academy", "A", "1,000 m²", "학원", "Private academy"),
    Facility("pc_room", "A", "300 m²", "인터넷컴퓨터게임시설제공업의 영업시설", "PC room"),
    Facility("bath_house", "A", "1,000 m²", "목욕장업의 영업시설", "Bath house"),
    Facility("medical", "B", "2,000 m² or 100 beds", "의료기관", "Medical institution"),
    Facility("postpartum_care", "B", "500 m²", "산후조리원", "Postpartum care centre"),
    Facility("elderly_care", "B", "1,000 m²", "노인요양시설", "Elderly care home"),
    Facility("childcare", "B", "430 m²", "어린이집", "Childcare centre"),
    Facility("indoor_playground", "B", "430 m²", "실내 어린이놀이시설", "Indoor playground"),
    Facility("car_park", "C", "2,000 m²", "실내주차장", "Indoor car park"),
    Facility("indoor_sports", "D", "1,000 seats", "실내 체육시설", "Indoor sports facility"),
    Facility("performance_hall", "D", "1,000 seats", "실내 공연장", "Theatre or concert hall"),
    Facility("office", "D", "3,000 m²", "업무시설", "Office building"),
    Facility("mixed_use", "D", "2,000 m²", "둘 이상의 용도에 사용되는 건축물", "Mixed-use building"),
    Facility("convention", None, "not named", "회의시설", "Convention or meeting room"),
)

FACILITIES: Final[dict[str, Facility]] = {facility.id: facility for facility in _ALL}


def facility_of(name: str) -> Facility:
    """Raises ValueError for an unknown kind, naming the known ones."""
    if name not in FACILITIES:
        raise ValueError(f"unknown facility {name!r}; known are {', '.join(FACILITIES)}")
    return FACILITIES[name]
