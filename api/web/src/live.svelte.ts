// What the hall says now. Events change `staged`; four times a second at most it becomes what people see.
import { get, Refused } from "./api";
import { span } from "./format";
import { inOrder } from "./judge";
import { follow } from "./stream";
import { trendOf, withPoint } from "./trend";
import type { Alarm, AlarmLoad, Caption, Columns, Health, HallStop, Purifier, Role, Site, Trend, Value } from "./types";
import { pick, t } from "./words.svelte";

const ROLES: Role[] = ["viewer", "operator", "admin"];
const NO_LOAD: AlarmLoad = { new_10_min: 0, unacknowledged: 0, is_flood: false, flood_since: null };
const QUALITY: Record<number, string> = { 1: "good", 2: "not_evaluated", 3: "suspect", 4: "fail" };
const none = () => ({
  site: { venues: [] } as Site, role: "viewer" as Role, load: NO_LOAD, health: null as Health | null,
  values: new Map<string, Value>(), trends: new Map<string, Trend>(), alarms: new Map<string, Alarm>(),
  purifiers: new Map<string, Purifier>(), stops: new Map<string, HallStop>(), captions: new Map<string, Caption>(),
});
let staged = none();
let clock = { now: Date.now(), at: performance.now(), speed: 1 };
let seen = $state.raw(staged);
let now = $state(clock.now);
let connection = $state.raw({ online: false, attempt: 0, silentMs: 0, loaded: false });
let announced = $state("");
let dirty = false, heardAt = 0, stop: AbortController | null = null;

export const live = {
  get site() { return seen.site; },
  get role() { return seen.role; },
  get load() { return seen.load; },
  get health() { return seen.health; },
  get values() { return seen.values; },
  get trends() { return seen.trends; },
  get alarms() { return seen.alarms; },
  get purifiers() { return seen.purifiers; },
  get stops() { return seen.stops; },
  get captions() { return seen.captions; },
  /** The time in the hall, ms; a rehearsal runs faster than the wall clock. */
  get now() { return now; },
  get connection() { return connection; },
  get announced() { return announced; },
};
export const may = (least: Role): boolean => ROLES.indexOf(live.role) >= ROLES.indexOf(least);
export const allHalls = () => live.site.venues.flatMap((venue) => venue.halls);
export const hallName = (id: string): string => {
  const hall = staged.site.venues.flatMap((venue) => venue.halls).find((one) => one.id === id);
  return hall ? pick(hall, "name") : id;
};
const hallNow = () => clock.now + (performance.now() - clock.at) * clock.speed;
const tick = (server: { now: number; speed: number }) => { clock = { ...server, at: performance.now() }; };

async function load(): Promise<void> {
  const [health, site, rows, open, units, asked, stops] = await Promise.all([
    get<Health>("health"), get<Site>("site"), get<Value[]>("values"), get<Alarm[]>("alarms?state=open&limit=200"),
    get<Purifier[]>("purifiers"), get<AlarmLoad>("alarms/load"), get<HallStop[]>("hall-stops"),
  ]);
  tick(health);
  Object.assign(staged, {
    site, health, role: health.role, load: asked,
    values: new Map(rows.map((row) => [`${row.source} ${row.quantity}`, row])),
    alarms: new Map(open.map((row) => [row.id, row])),
    purifiers: new Map(units.map((row) => [row.id, row])),
    captions: new Map(health.captions.map((row) => [row.caption, row])),
  });
  tellStops(stops);
  dirty = true;
}
const TOGETHER = 3; // requests for trends at once: the first values of a page come before its past
async function loadTrends(): Promise<void> {
  const end = Math.round(hallNow()), mine = staged;
  const rows = inOrder([...mine.values.values()].filter((row) => row.kind === "zone" && !mine.trends.has(`${row.source} ${row.quantity}`)));
  const next = async (): Promise<void> => {
    for (let row = rows.shift(); row; row = rows.shift()) {
      const name = `${row.source} ${row.quantity}`;
      const past = await trendOf(row.source, row.quantity, end);
      const since = mine.trends.get(name) ?? [];
      mine.trends.set(name, [...past.filter(([at]) => at < (since[0]?.[0] ?? Infinity)), ...since]);
      dirty = true;
    }
  };
  await Promise.all(Array.from({ length: TOGETHER }, next));
}
let refreshing = 0;
function refresh(): void { // rows that we do not know, or events that we missed: fetch anew, at most once in two seconds
  refreshing ||= window.setTimeout(() => {
    refreshing = 0;
    load().catch((error) => { if (!(error instanceof Refused)) throw error; }); // the stream says when it is lost
  }, 2000);
}
function tellStops(rows: HallStop[]): void {
  for (const row of rows) if (!staged.stops.has(row.hall)) announced = `${t("hall_stopped")}: ${hallName(row.hall)}`;
  staged.stops = new Map(rows.map((row) => [row.hall, row]));
}
function take(columns: Columns): void {
  tick(columns);
  columns.series.forEach((name, i) => {
    const row = staged.values.get(name), at = columns.t[i] ?? 0, value = columns.value[i] ?? null, flag = columns.flag[i] ?? 0;
    if (!row) return refresh();
    const found = { left_out: columns.left_out[name] ?? [], at_odds: columns.at_odds[name] ?? [] };
    staged.values.set(name, { ...row, ...found, t: at, value, flag, stale: false, quality: QUALITY[flag] ?? "missing" });
    if (row.kind !== "zone") return;
    staged.trends.set(name, withPoint(staged.trends.get(name) ?? [], at, flag === 1 || flag === 2 ? value : null));
  });
}
export function tellAlarm(row: Alarm): void {
  if (row.state === "open" && !staged.alarms.has(row.id)) announced = `${pick(row, "level")}: ${pick(row, "scope")} ${pick(row, "name")}`;
  if (row.state === "open") staged.alarms.set(row.id, row);
  else staged.alarms.delete(row.id);
  flush();
}
export async function askStops(): Promise<void> {
  tellStops(await get<HallStop[]>("hall-stops"));
  flush();
}
export async function askAgain(): Promise<void> {
  await load();
  flush();
}
const HANDLERS: Record<string, (row: any) => void> = { // the JSON of the API is described by types.ts
  values: take,
  alarm: tellAlarm,
  alarm_load(row: AlarmLoad) {
    if (row.is_flood && !staged.load.is_flood) announced = `${t("flood")}: ${t("flood_new")} ${row.new_10_min}`;
    staged.load = row;
  },
  purifier(row: Purifier) {
    const known = staged.purifiers.get(row.id);
    if (known) staged.purifiers.set(row.id, { ...known, ...row });
    else refresh();
  },
  command(row: { id: string; purifier: string; state: string; reason: string }) {
    const known = staged.purifiers.get(row.purifier);
    if (known) staged.purifiers.set(known.id, { ...known, last_command: { id: row.id, state: row.state, reason: row.reason } });
  },
  zone(row: { zone: string; automatic: boolean; degraded: boolean }) {
    const { venues } = staged.site;
    staged.site = { venues: venues.map((venue) => ({ ...venue, halls: venue.halls.map((hall) => ({ ...hall,
      zones: hall.zones.map((zone) => (zone.id === row.zone ? { ...zone, automatic: row.automatic, degraded: row.degraded } : zone)) })) })) };
  },
  hall_stops: (told: { stops: HallStop[] }) => tellStops(told.stops),
  caption(row: Caption) {
    if (row.caption === "crowd") staged.captions.clear();
    staged.captions.set(row.caption, row);
  },
  gap: refresh,
};
export function begin(onLocked: () => void): void {
  end();
  stop = new AbortController();
  void follow(stop.signal, {
    async opened() {
      await load();
      connection = { online: true, attempt: 0, silentMs: 0, loaded: true };
      heardAt = performance.now();
      void loadTrends();
      flush();
    },
    heard: () => { heardAt = performance.now(); },
    event(name, row) { HANDLERS[name]?.(row); dirty = true; },
    lost(attempt) { connection = { ...connection, online: false, attempt }; dirty = true; },
    locked: onLocked,
  });
}
/** Forgets everything that came with the key. */
export function end(): void {
  stop?.abort();
  stop = null;
  staged = none();
  heardAt = 0;
  connection = { online: false, attempt: 0, silentMs: 0, loaded: false };
  flush();
}
function flush(): void {
  dirty = false;
  seen = { ...staged, values: new Map(staged.values), trends: new Map(staged.trends), alarms: new Map(staged.alarms),
    purifiers: new Map(staged.purifiers), stops: new Map(staged.stops), captions: new Map(staged.captions) };
  now = hallNow();
}
let beats = 0;
setInterval(() => { // at most four times a second, and ages once a second
  beats += 1;
  if (document.hidden) return;
  if (dirty) flush();
  if (beats % 4) return;
  now = hallNow();
  const silentMs = heardAt ? Math.floor((performance.now() - heardAt) / 5000) * 5000 : 0; // a status is read aloud when it changes
  if (silentMs !== connection.silentMs) connection = { ...connection, silentMs };
}, 250);
document.addEventListener("visibilitychange", () => { if (!document.hidden) flush(); });

export function connectionText(): string {
  const { online, attempt, silentMs, loaded } = connection;
  const age = silentMs ? ` · ${span(silentMs)} ${t("ago")}` : "";
  if (online) return t("live") + age;
  return attempt === 0 && !loaded ? t("connecting") : t("lost") + age;
}
