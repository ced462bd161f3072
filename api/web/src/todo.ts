// 지금 할 일: what waits for a person, most urgent first. Pure.
import { isLatched } from "./judge";
import type { Alarm, Device, Hall, HallStop, Purifier, Value } from "./types";

export type Doing =
  | { kind: "ack" | "reset"; alarm: Alarm }
  | { kind: "release"; stop: HallStop }
  | { kind: "degraded"; zone: string }
  | { kind: "fault" | "diverged" | "unit_offline"; unit: Purifier }
  | { kind: "device"; device: Device }
  | { kind: "differ"; value: Value };
export interface Line { id: string; weight: number; doing: Doing }

export interface Known { halls: Hall[]; alarms: Iterable<Alarm>; stops: Iterable<HallStop>; purifiers: Iterable<Purifier>; values: Iterable<Value> }

export function toDo(known: Known): Line[] {
  const lines: Line[] = [];
  const add = (id: string, weight: number, doing: Doing) => lines.push({ id, weight, doing });
  for (const alarm of known.alarms) {
    if (alarm.is_notice) continue;
    if (isLatched(alarm) && alarm.acknowledged !== null) add(alarm.id, alarm.peak_level * 10 - 4, { kind: "reset", alarm });
    else if (alarm.acknowledged === null) add(alarm.id, (isLatched(alarm) ? alarm.peak_level : alarm.level) * 10, { kind: "ack", alarm });
  }
  for (const stop of known.stops) add(`stop/${stop.hall}`, 25, { kind: "release", stop });
  for (const hall of known.halls) {
    for (const zone of hall.zones) if (zone.degraded) add(`degraded/${zone.id}`, 18, { kind: "degraded", zone: zone.id });
    for (const device of hall.devices) {
      if (device.kind !== "purifier" && (device.state === "offline" || device.state === "fault")) add(`device/${device.id}`, 8, { kind: "device", device });
    }
  }
  for (const unit of known.purifiers) {
    if (!unit.online) add(`unit/${unit.id}`, 12, { kind: "unit_offline", unit });
    else if (unit.fault) add(`unit/${unit.id}`, 16, { kind: "fault", unit });
    else if (unit.last_command?.state === "DIVERGED") add(`unit/${unit.id}`, 14, { kind: "diverged", unit });
  }
  for (const value of known.values) {
    if (value.at_odds.length > 0) add(`differ/${value.source}/${value.quantity}`, 6, { kind: "differ", value });
  }
  return lines.sort((a, b) => b.weight - a.weight || a.id.localeCompare(b.id));
}
