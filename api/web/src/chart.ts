// What uPlot is told: grey lines, limits dashed, alarms as bands, decisions as ticks at the foot.
import uPlot from "uplot";
import { isCounted, type Past, type Range } from "./history";

export interface Line { past: Past; label: string; kind: "main" | "raw" | "outdoor" }
export interface Span { from: number; to: number; level: number }
export interface Picture {
  lines: Line[]; range: Range; limits: { level: number; limit: number }[]; spans: Span[]; marks: number[]; doubtful: string; isDoubted: boolean;
  time(ms: number, hasDate: boolean): string; number(x: number): string;
}
const DASH = { main: [], raw: [2, 3], outdoor: [8, 4] } as const;
const LEVELS = ["--edge", "--notice", "--warning", "--urgent"];
const DAY = 86_400_000;

const colour = (name: string): string => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

export const hasDoubt = (lines: Line[]): boolean => lines[0]?.past.value.some((v, i) => v !== null && !isCounted(lines[0]?.past.flag[i])) ?? false;

/** Columns on one time axis: each line, and after the first what of it is doubtful, as points. */
export function columns(lines: Line[], isDoubted: boolean): uPlot.AlignedData {
  const tables = lines.map(({ past, kind }): uPlot.AlignedData => {
    const value = kind === "raw" ? past.raw : past.value;
    const known = value.map((v, i) => (kind === "raw" || isCounted(past.flag[i]) ? v : null));
    return kind === "main" && isDoubted ? [past.t, known, value.map((v, i) => (isCounted(past.flag[i]) ? null : v))] : [past.t, known];
  });
  // A null is a gap, also where another line has a time between.
  return uPlot.join(tables, tables.map((table) => table.map(() => 2 as const)));
}
export function options(p: Picture, width: number, height: number, onCursor: (index: number | null) => void): uPlot.Options {
  const [text, line, trace, edge, soft] = ["--text", "--line", "--trace", "--edge", "--soft"].map(colour) as [string, string, string, string, string];
  const isLong = p.range.end - p.range.start > DAY;
  const series: uPlot.Series[] = [{}];
  for (const { kind, label } of p.lines) {
    series.push({ label, stroke: kind === "main" ? text : kind === "raw" ? edge : trace, width: kind === "main" ? 1.6 : 1.2, dash: [...DASH[kind]], points: { show: false }, spanGaps: false });
    if (kind === "main" && p.isDoubted) series.push({ label: p.doubtful, stroke: "transparent", width: 0, points: { show: true, size: 5, stroke: edge, fill: "transparent", width: 1 } });
  }
  const axis: uPlot.Axis = { stroke: soft, grid: { stroke: line, width: 1 }, ticks: { stroke: line, width: 1, size: 4 }, font: "12px system-ui, sans-serif" };
  return {
    width, height, ms: 1, series, legend: { show: false },
    cursor: { drag: { x: false, y: false }, points: { size: 7 } },
    scales: {
      x: { time: true, range: () => [p.range.start, p.range.end] },
      y: { range: (_, low, high) => bounds(low, high, p.limits.map(({ limit }) => limit)) },
    },
    axes: [
      { ...axis, values: (_, splits) => splits.map((at) => p.time(at, isLong)), space: isLong ? 100 : 70, size: 28 },
      { ...axis, values: (_, splits) => splits.map(p.number), size: 56 },
    ],
    hooks: {
      drawClear: [(u) => bands(u, p.spans)],
      draw: [(u) => { limits(u, p.limits, edge); ticks(u, p.marks, text); }],
      setCursor: [(u) => onCursor(u.cursor.idx ?? null)],
    },
  };
}
function bounds(low: number | null, high: number | null, limits: number[]): [number, number] {
  if (low === null || high === null) return [0, Math.max(1, ...limits) * 1.1];
  const near = limits.filter((limit) => limit >= low / 2 && limit <= high * 2);
  const top = Math.max(high, ...near), least = Math.min(low, ...near);
  const bottom = least >= 0 && least < top / 2 ? 0 : least;
  const room = (top - bottom) * 0.08 || Math.abs(top) * 0.1 || 1;
  return [bottom === 0 ? 0 : bottom - room, top + room];
}
function bands(u: uPlot, spans: Span[]): void {
  const { ctx, bbox } = u;
  ctx.save();
  for (const { from, to, level } of spans) {
    const left = Math.max(bbox.left, u.valToPos(from, "x", true)), right = Math.min(bbox.left + bbox.width, u.valToPos(to, "x", true));
    if (right <= left) continue;
    ctx.fillStyle = colour("--band");
    ctx.fillRect(left, bbox.top, right - left, bbox.height);
    ctx.fillStyle = colour(LEVELS[Math.min(3, level)] ?? "--edge");
    ctx.fillRect(left, bbox.top, Math.max(2, right - left), 4 * devicePixelRatio);
  }
  ctx.restore();
}
function limits(u: uPlot, rows: { level: number; limit: number }[], edge: string): void {
  const { ctx, bbox } = u;
  ctx.save();
  ctx.setLineDash([4, 4]);
  ctx.lineWidth = devicePixelRatio;
  ctx.strokeStyle = edge;
  for (const { limit } of rows) {
    const y = u.valToPos(limit, "y", true);
    if (y < bbox.top || y > bbox.top + bbox.height) continue;
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
  }
  ctx.restore();
}
function ticks(u: uPlot, marks: number[], text: string): void {
  const { ctx, bbox } = u, foot = bbox.top + bbox.height, size = 5 * devicePixelRatio;
  ctx.save();
  ctx.fillStyle = text;
  for (const at of marks) {
    const x = u.valToPos(at, "x", true);
    if (x < bbox.left || x > bbox.left + bbox.width) continue;
    ctx.beginPath();
    ctx.moveTo(x, foot - 1.6 * size);
    ctx.lineTo(x - size / 1.6, foot);
    ctx.lineTo(x + size / 1.6, foot);
    ctx.fill();
  }
  ctx.restore();
}
