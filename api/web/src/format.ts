import { speaking, t } from "./words.svelte";

const UNITS: Record<string, string> = {
  "ug/m3": "µg/m³", degC: "°C", "1": "", "%RH": "%", "1/cm3": "/cm³", "Bq/m3": "Bq/m³",
};
export const unit = (name: string | null): string => (name === null ? "" : (UNITS[name] ?? name));

export function number(x: number | null | undefined, decimals: number | null): string {
  if (x === null || x === undefined) return "–";
  const digits = decimals ?? 1;
  return new Intl.NumberFormat(speaking(), { minimumFractionDigits: digits, maximumFractionDigits: digits }).format(x);
}

export function span(ms: number): string {
  const s = Math.max(0, Math.round(ms / 1000));
  const [n, ko, en] =
    s < 120 ? [s, "초", "s"] : s < 7200 ? [Math.round(s / 60), "분", "min"]
    : s < 172_800 ? [Math.round(s / 3600), "시간", "h"] : [Math.round(s / 86_400), "일", "d"];
  return speaking() === "ko" ? `${n}${ko}` : `${n} ${en}`;
}
export const ago = (ms: number): string => `${span(ms)} ${t("ago")}`;
export const lasts = (ms: number): string => (speaking() === "ko" ? `${span(ms)}째` : `for ${span(ms)}`);

const format = (ms: number, how: Intl.DateTimeFormatOptions) => new Intl.DateTimeFormat(speaking(), how).format(ms);
export const clockTime = (ms: number): string => format(ms, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
export const dayTime = (ms: number): string =>
  format(ms, { month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
export const joined = (...parts: (string | null | undefined | false)[]): string => parts.filter(Boolean).join(" · ");
export const minuteTime = (ms: number, hasDate: boolean): string =>
  format(ms, { hour: "2-digit", minute: "2-digit", hourCycle: "h23", ...(hasDate ? { month: "2-digit", day: "2-digit" } : {}) } as Intl.DateTimeFormatOptions);
/** As few digits as tell one tick of an axis from the next. */
export const plain = (x: number): string => new Intl.NumberFormat(speaking(), { maximumFractionDigits: 3 }).format(x);
