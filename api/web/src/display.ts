import { ask } from "./api";

export interface Shown {
  quantity: string; name_ko: string; name_en: string; unit: string | null; decimals: number | null;
  value: number | null; t: number | null; grade: number | null; cert_grade: number | null; scale: number[] | null;
}
export interface Hall { hall_ko: string; hall_en: string; now: number; speed: number; values: Shown[] }

export const POLL_MS = 5000;
export const TOO_OLD_MS = 30_000; // of an answer; then nothing of it is shown any more
export const shownIn = async (hall: string): Promise<Hall> =>
  (await ask(`../../display/${encodeURIComponent(hall)}/values`)).json() as Promise<Hall>;
