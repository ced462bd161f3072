import { t } from "./words.svelte";

// Beside this file's own address, so that the page also works below a path of a proxy.
const here = import.meta.url; // in a name, because the builder would take the address for a file of ours
const ROOT = new URL("../api/v1/", here);

/** `status` 0: no answer came. `isLocked`: the credential is not valid any more. */
export class Refused extends Error {
  constructor(readonly status: number, readonly detail: string | undefined) {
    super(detail ?? String(status));
  }
  get isLocked(): boolean {
    return this.status === 401;
  }
}

let credential = "";
export const useKey = (key: string): void => { credential = key; };

export async function ask(path: string, options: RequestInit = {}): Promise<Response> {
  const headers: Record<string, string> = { Authorization: `Bearer ${credential}` };
  if (options.body) headers["Content-Type"] = "application/json";
  let answer: Response;
  try {
    answer = await fetch(new URL(path, ROOT), { ...options, cache: "no-store", headers: { ...headers, ...options.headers } });
  } catch (error) {
    throw new Refused(0, String(error));
  }
  if (!answer.ok) {
    const problem = (await answer.json().catch(() => ({}))) as { detail?: string };
    throw new Refused(answer.status, problem.detail);
  }
  return answer;
}
export const get = async <T>(path: string, options: RequestInit = {}): Promise<T> => (await ask(path, options)).json() as Promise<T>;
export const send = (method: "POST" | "PUT", path: string, body?: object, headers: Record<string, string> = {}): Promise<Response> =>
  ask(path, { method, headers, ...(body ? { body: JSON.stringify(body) } : {}) });

/** In words what a person should know about a request that did not succeed. */
export function inWords(error: unknown): string {
  if (!(error instanceof Refused)) throw error;
  if (error.status === 403) return t("to_role");
  if (error.status === 0) return t("lost");
  if (error.status === 401) return t("key_wrong");
  return error.detail ?? `${t("failed")} (${error.status})`;
}
