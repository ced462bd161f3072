// What people do here, each as a question that says what it is about.
import { ask, send } from "./api";
import { asking } from "./asking.svelte";
import { askAgain, askStops, hallName, tellAlarm } from "./live.svelte";
import type { Alarm, Purifier, Zone } from "./types";
import { pick, t } from "./words.svelte";

const reasonOf = (text: string): string => text || t("no_reason");

export function stepAlarm(row: Alarm, step: "ack" | "reset"): void {
  const path = `alarms/${row.id.split("/").map(encodeURIComponent).join("/")}/${step}`;
  asking.ask({
    title: step === "ack" ? "ack_title" : "reset_title",
    what: `${pick(row, "level")} · ${pick(row, "scope")} · ${pick(row, "name")}`,
    act: step,
    ...(step === "ack" ? { text: "comment" as const } : {}),
    run: async ({ text }) => {
      const answer = await send("POST", path, step === "ack" ? { comment: text } : undefined);
      tellAlarm((await answer.json()) as Alarm);
    },
  });
}
export function stepHall(hall: string, step: "stop" | "release"): void {
  asking.ask({
    title: step === "stop" ? "stop_title" : "release_title",
    what: hallName(hall), act: step, text: "reason",
    run: async ({ text }) => {
      await send("POST", `halls/${encodeURIComponent(hall)}/stop${step === "release" ? "/release" : ""}`, { reason: reasonOf(text) });
      await askStops();
    },
  });
}
export function turnAutomatic(zone: Zone): void {
  const automatic = !zone.automatic;
  asking.ask({
    title: automatic ? "automatic_title" : "advice_title",
    what: pick(zone, "name"), act: automatic ? "to_automatic" : "to_advice", text: "reason",
    run: async ({ text }) => {
      await send("PUT", `zones/${encodeURIComponent(zone.id)}/automatic`, { automatic, reason: reasonOf(text) });
      await askAgain();
    },
  });
}
/** One key for one order, however often it is tried; 412 when somebody else has ordered since the question was asked. */
export function override(unit: Purifier): void {
  const path = `purifiers/${encodeURIComponent(unit.id)}`;
  const seen = ask(path).then((answer) => answer.headers.get("ETag") ?? "*");
  seen.catch(() => undefined); // told when it is needed
  const keys = new Map<string, string>();
  asking.ask({
    title: "override_title", what: `${unit.id} · ${pick(unit, "zone_name")}`, act: "override", text: "reason", unit: { levels: unit.levels.length - 1 },
    run: async ({ text, mode, level, minutes }) => {
      const order = { mode, level: mode === "run" ? level : 0, minutes, reason: reasonOf(text) };
      const name = JSON.stringify(order);
      const key = keys.get(name) ?? crypto.getRandomValues(new Uint32Array(4)).join("-");
      keys.set(name, key);
      const version: Record<string, string> = mode === "stopped" ? {} : { "If-Match": await seen };
      await send("POST", `${path}/commands`, order, { "Idempotency-Key": key, ...version });
      await askAgain();
    },
  });
}
export function endOverride(unit: Purifier): void {
  asking.ask({
    title: "override_end_title", what: `${unit.id} · ${pick(unit, "zone_name")}`, act: "override_end", text: "reason",
    run: async ({ text }) => {
      await send("POST", `purifiers/${encodeURIComponent(unit.id)}/commands`, { mode: "auto", minutes: 1, reason: reasonOf(text), release: unit.mode === "stopped" });
      await askAgain();
    },
  });
}
