import { get, Refused } from "./api";
import type { Trend } from "./types";

export const TREND_MS = 15 * 60 * 1000;
const POINTS = 200;
interface Past { t: number[]; value: (number | null)[]; flag: number[] }

/** The last quarter of an hour; what cannot be had begins now. */
export async function trendOf(source: string, quantity: string, end: number): Promise<Trend> {
  const asked = new URLSearchParams({ source, quantity, start: String(end - TREND_MS), end: String(end), format: "columns" });
  let past: Past;
  try {
    past = await get<Past>(`readings?${asked}`);
  } catch (error) {
    if (error instanceof Refused) return [];
    throw error;
  }
  const step = Math.ceil(past.t.length / POINTS) || 1;
  const known = (i: number) => (past.flag[i] === 1 || past.flag[i] === 2 ? (past.value[i] ?? null) : null);
  return past.t.map((at, i): [number, number | null] => [at, known(i)]).filter((_, i) => i % step === 0);
}
export function withPoint(trend: Trend, at: number, value: number | null): Trend {
  const last = trend[trend.length - 1];
  if (last && at - last[0] < TREND_MS / POINTS) return trend;
  return [...trend, [at, value] as [number, number | null]].filter(([then]) => then >= at - TREND_MS);
}
/** Points of a polyline in a box of 100 x 36, a gap where nothing was known, and the height of the limit in it. */
export function drawn(trend: Trend, now: number, limit: number | null): { lines: string[]; limitY: number | null } {
  const known = trend.flatMap(([, v]) => (v === null ? [] : [v]));
  if (known.length < 2) return { lines: [], limitY: null };
  let low = Math.min(...known), high = Math.max(...known);
  if (limit !== null && limit < high * 2) high = Math.max(high, limit);
  if (high - low < 1e-9) { high += 1; low -= 1; }
  const y = (v: number) => 34 - (32 * (v - low)) / (high - low);
  const lines: string[] = [];
  let line: string[] = [];
  for (const [at, v] of trend) {
    if (v !== null) line.push(`${Math.max(0, 100 - (100 * (now - at)) / TREND_MS).toFixed(1)},${y(v).toFixed(1)}`);
    else if (line.length) { lines.push(line.join(" ")); line = []; }
  }
  if (line.length) lines.push(line.join(" "));
  return { lines, limitY: limit !== null && limit >= low && limit <= high ? y(limit) : null };
}
