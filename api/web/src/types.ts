// Rows of the API as the page uses them; /openapi.json describes every field.
export type Role = "viewer" | "operator" | "admin";

export interface Named { name_ko: string | null; name_en: string | null }
export interface LeftOut { device: string; reason_ko: string; reason_en: string; since: number }
export interface Value extends Named {
  source: string; kind: "device" | "zone"; zone: string | null; hall: string | null; quantity: string;
  name_ko: string; name_en: string; unit: string | null; decimals: number | null;
  t: number | null; value: number | null; flag: number; quality: string; stale: boolean; stale_after_s: number;
  limit: number | null; left_out: LeftOut[]; at_odds: LeftOut[];
}
export interface Zone extends Named {
  id: string; hall: string; venue: string; outdoor: boolean; automatic: boolean; degraded: boolean | null;
  demand_level: number | null; why: string | null;
}
export interface Device {
  id: string; kind: "sensor" | "node" | "purifier" | "gateway"; model: string | null; zone: string | null; hall: string | null;
  state: "online" | "offline" | "fault" | "unknown"; detail: string | null; last_seen: number | null;
  interval_s: number | null; firmware: string | null; clock_ok: boolean | null;
}
export interface Hall extends Named { id: string; zones: Zone[]; devices: Device[] }
export interface Venue extends Named { id: string; halls: Hall[] }
export interface Site { venues: Venue[] }
export interface Alarm extends Named {
  id: string; rule: string; scope: string; scope_ko: string; scope_en: string; quantity: string; unit: string | null;
  state: "open" | "cleared"; condition: string; level: number; peak_level: number; level_ko: string; level_en: string;
  is_notice: boolean; raised: number; cleared: number | null; value: number | null; limit: number | null; historical: boolean;
  is_chattering: boolean; acknowledged: number | null; acknowledged_by: string | null; comment: string | null;
  reset: number | null; reset_by: string | null; confirmed: boolean | null;
  cause_ko: string | null; cause_en: string | null; consequence_ko: string | null; consequence_en: string | null;
  action_ko: string | null; action_en: string | null;
}
export interface AlarmLoad { new_10_min: number; unacknowledged: number; is_flood: boolean; flood_since: number | null }
export interface Purifier {
  id: string; zone: string; zone_name_ko: string | null; zone_name_en: string | null; online: boolean; mode: string | null;
  level: number | null; levels: number[]; source: string | null; rpm: number | null; filter_pct: number | null; fault: string | null;
  desired_mode: string | null; desired_level: number | null; slot: string; why: string; cadr_m3h: number;
  override: { by: string; reason: string; until: number | null; since: number | null } | null;
  last_command: { id: string; state: string; reason: string } | null;
}
export interface HallStop { hall: string; by: string; reason: string; since: number }
export interface Caption { caption: string; ko: string; en: string }
export interface Part { ok: boolean; detail: string }
export interface Health {
  ok: boolean; role: Role; now: number; speed: number; version: string; banner_ko: string | null; captions: Caption[];
  parts: Record<string, Part>;
}
export interface Columns {
  now: number; speed: number; series: string[]; t: number[]; value: (number | null)[]; flag: number[];
  left_out: Record<string, LeftOut[]>; at_odds: Record<string, LeftOut[]>;
}
export interface Rule extends Named {
  id: string; quantity: string; scopes: string[]; is_notice: boolean; direction: "above" | "below"; family: string;
  statistic: string; source: string | null; levels: { level: number; limit: number }[];
}
export interface Decision { number: number; t: number; purifier: string; zone: string; slot: string; sentence_ko: string; sentence_en: string }
export interface AuditRow {
  number: number; t: number; who: string; what: string; target: string; reason: string | null; slot: string | null;
  status: number | null; remote: string | null; before: unknown; after: unknown;
}
export type Trend = [number, number | null][];
