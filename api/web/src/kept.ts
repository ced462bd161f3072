// What outlives a reload. A browser may forbid it; the page then works without.
const allowed = (ask: () => Storage): Storage | null => {
  try {
    return ask();
  } catch {
    return null;
  }
};
export const local = allowed(() => window.localStorage);
export const session = allowed(() => window.sessionStorage);

export function kept(store: Storage | null, name: string, value?: string | null): string | null {
  try {
    if (value === undefined) return store?.getItem(`venueair.${name}`) ?? null;
    if (value === null) store?.removeItem(`venueair.${name}`);
    else store?.setItem(`venueair.${name}`, value);
    return value;
  } catch {
    return null;
  }
}
