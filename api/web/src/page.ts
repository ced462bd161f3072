/** The cursor of the next page, from the Link header; null on the last. */
export function cursorOf(answer: Response): string | null {
  const found = /<([^>]*)>;\s*rel="next"/.exec(answer.headers.get("Link") ?? "");
  return found?.[1] ? new URL(found[1], location.href).searchParams.get("after") : null;
}
