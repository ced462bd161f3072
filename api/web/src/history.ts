// The past of one series as it is drawn, and as it is downloaded: the same numbers.
import { get } from "./api";
import type { Value } from "./types";

const HOUR = 3_600_000;
export interface Range { start: number; end: number; isLive: boolean }
export interface Past {
  source: string; quantity: string; unit: string; every: "raw" | "60" | "3600"; t: number[];
  value: (number | null)[]; raw: (number | null)[]; flag: number[]; min: (number | null)[]; max: (number | null)[];
}
interface Answer { unit: string; t: number[]; value?: (number | null)[]; raw?: (number | null)[]; flag?: number[]; mean?: (number | null)[]; min?: (number | null)[]; max?: (number | null)[] }

/** As coarse as a screen can show: a few thousand points at most. */
export const everyOf = (ms: number): Past["every"] => (ms <= 2 * HOUR ? "raw" : ms <= 72 * HOUR ? "60" : "3600");

export async function pastOf(source: string, quantity: string, { start, end }: Range): Promise<Past> {
  const every = everyOf(end - start);
  const asked = new URLSearchParams({ source, quantity, start: String(Math.round(start)), end: String(Math.round(end)), every, format: "columns" });
  const found = await get<Answer>(`readings?${asked}`);
  const none = found.t.map(() => null);
  return { source, quantity, unit: found.unit, every, t: found.t, value: found.value ?? found.mean ?? none, raw: found.raw ?? none,
    flag: found.flag ?? found.t.map(() => 1), min: found.min ?? none, max: found.max ?? none };
}
export const isCounted = (flag: number | undefined): boolean => flag === 1 || flag === 2;

/** With the newest reading at its end and nothing older than `start`. */
export function withNewest(past: Past, row: Value, start: number): Past {
  const last = past.t[past.t.length - 1] ?? 0;
  if (past.every !== "raw" || row.t === null || row.t <= last) return past;
  const first = Math.max(0, past.t.findIndex((at) => at >= start));
  const grown = <T>(old: T[], one: T): T[] => [...old.slice(first), one];
  return { ...past, t: grown(past.t, row.t), value: grown(past.value, row.value), raw: grown(past.raw, null), flag: grown(past.flag, row.flag),
    min: grown(past.min, null), max: grown(past.max, null) };
}
export interface Summary { min: number; mean: number; max: number }
export function summaryOf(past: Past): Summary | null {
  const known = past.value.filter((v, i): v is number => v !== null && isCounted(past.flag[i]));
  if (known.length === 0) return null;
  const lows = past.min.filter((v): v is number => v !== null), highs = past.max.filter((v): v is number => v !== null);
  const least = (all: number[]) => all.reduce((a, b) => Math.min(a, b), Infinity), most = (all: number[]) => all.reduce((a, b) => Math.max(a, b), -Infinity);
  return { min: least(lows.length ? lows : known), max: most(highs.length ? highs : known), mean: known.reduce((a, b) => a + b, 0) / known.length };
}
const QUALITY: Record<number, string> = { 1: "good", 2: "not_evaluated", 3: "suspect", 4: "fail" };
/** One line a point, of every line that is drawn. */
export function csv(drawn: Past[], hasRaw: boolean): string {
  const lines = [`time,source,quantity,unit,every_s,value${hasRaw ? ",raw" : ""},min,max,quality`];
  for (const past of drawn) {
    past.t.forEach((at, i) => {
      const cells = [past.value[i], ...(hasRaw ? [past.raw[i]] : []), past.min[i], past.max[i]].map((cell) => cell ?? "");
      lines.push([new Date(at).toISOString(), past.source, past.quantity, past.unit, past.every === "raw" ? "" : past.every, ...cells,
        past.every === "raw" ? (QUALITY[past.flag[i] ?? 9] ?? "missing") : ""].join(","));
    });
  }
  return lines.join("\r\n") + "\r\n";
}
export function download(name: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
  const link = Object.assign(document.createElement("a"), { href: url, download: name });
  link.click();
  URL.revokeObjectURL(url);
}
