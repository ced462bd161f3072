// The view is in the address after #, so that it can be linked and the Back button works.
const read = (): string[] => {
  const hash = location.hash.startsWith("#/") ? location.hash.slice(2) : "";
  return hash.split("?")[0]!.split("/").filter(Boolean).map(decodeURIComponent);
};
let parts = $state.raw(read());
window.addEventListener("hashchange", () => { parts = read(); });
export const route = { get view() { return parts[0] ?? "overview"; }, get id() { return parts[1] ?? ""; } };
export const address = (view: string, id?: string): string => (view === "overview" ? "#/" : `#/${view}${id ? `/${encodeURIComponent(id)}` : ""}`);

/** `#key=…` logs in; it is taken out of the address bar at once. */
export function keyFromAddress(): string | null {
  const key = new URLSearchParams(location.hash.slice(1)).get("key");
  if (key) history.replaceState(null, "", location.pathname + location.search);
  return key;
}
