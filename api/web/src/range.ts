import type { Range } from "./history";

export const CHOICES = [1, 6, 24, 168] as const;
/** The last hours up to now, or from one moment to another. */
export type Chosen = { hours: number } | { start: number; end: number };
export const rangeOf = (chosen: Chosen, now: number): Range =>
  "hours" in chosen ? { start: now - chosen.hours * 3_600_000, end: now, isLive: true } : { ...chosen, isLive: false };
