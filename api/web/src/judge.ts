// What may be said of a value. Unknown is never good: old, doubtful and missing values are only "no data".
import type { Alarm, Hall, Value } from "./types";

const FIRST = ["pm2_5", "co2", "pm10", "pm1", "voc_index", "temperature", "humidity"];
const FUTURE_MS = 60_000; // clocks differ by less

export interface Judged { age: number | null; isOld: boolean; isShown: boolean; isOver: boolean; level: number }

export function judge(row: Value, now: number, online: boolean, alarms: Iterable<Alarm>): Judged {
  const age = row.t === null ? null : now - row.t;
  const isOld = !online || row.stale || age === null || age > row.stale_after_s * 1000 || age < -FUTURE_MS;
  const isShown = !isOld && row.value !== null && (row.quality === "good" || row.quality === "not_evaluated");
  let level = 0;
  for (const alarm of alarms) {
    if (alarm.scope === row.source && alarm.quantity === row.quantity && !alarm.is_notice) level = Math.max(level, Math.min(3, alarm.level));
  }
  return { age, isOld, isShown, level, isOver: isShown && row.limit !== null && row.value !== null && row.value > row.limit };
}
const rank = (row: Value) => (row.limit === null ? 100 : 0) + ((FIRST.indexOf(row.quantity) + 50) % 50);
/** What people act on first; particle counts are for engineers, through the API. */
export const inOrder = (rows: Value[]): Value[] =>
  rows.filter((row) => !/^n[0-9]/.test(row.quantity)).sort((a, b) => rank(a) - rank(b));

export const valuesOf = (zone: string, values: Map<string, Value>): Value[] =>
  inOrder([...values.values()].filter((row) => row.kind === "zone" && row.source === zone));

/** The one nearest to or furthest above its limit of those that are known now. */
export function worstFirst(rows: Value[], now: number, online: boolean, alarms: Alarm[]): Value[] {
  const weight = (row: Value): number => {
    const { isShown, level } = judge(row, now, online, alarms);
    const share = isShown && row.limit ? (row.value ?? 0) / row.limit : 0;
    return level * 1000 + share;
  };
  const [worst] = [...rows].filter((row) => row.limit !== null).sort((a, b) => weight(b) - weight(a));
  return worst ? [worst, ...rows.filter((row) => row !== worst)] : rows;
}
export const zonesOf = (hall: Hall): Set<string> => new Set(hall.zones.map((zone) => zone.id));
export const isLatched = (row: Alarm): boolean => row.condition.startsWith("latched");
/** What waits for a person must not sink below notices. */
const urgency = (row: Alarm) => (isLatched(row) ? row.peak_level - 0.5 : row.level);
export const byUrgency = (rows: Iterable<Alarm>): Alarm[] =>
  [...rows].sort((a, b) => urgency(b) - urgency(a) || b.raised - a.raised);
export const MARK = ["○", "●", "◆", "▲"] as const;
export const mark = (level: number): string => MARK[level] ?? "▲";
