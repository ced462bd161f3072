import { ask, Refused } from "./api";

const SILENT_MS = 20_000; // the server says something at least every 15 s

export interface Listener {
  /** The stream stands: fetch what it will change. Nothing falls between. */
  opened(): Promise<void>;
  heard(): void;
  event(name: string, row: unknown): void;
  lost(attempt: number): void;
  locked(): void;
}

/** Reads /stream until `signal`, again and again, with a growing and scattered pause between. */
export async function follow(signal: AbortSignal, listener: Listener): Promise<void> {
  let attempt = 0;
  while (!signal.aborted) {
    const stop = new AbortController();
    const abort = () => stop.abort();
    signal.addEventListener("abort", abort);
    let watch = 0, heardAt = performance.now();
    try {
      const answer = await ask("stream", { signal: stop.signal });
      await listener.opened();
      attempt = 0;
      heardAt = performance.now();
      watch = window.setInterval(() => { if (performance.now() - heardAt > SILENT_MS) stop.abort(); }, 1000);
      const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader();
      for (let rest = ""; ; ) {
        const { value, done } = await reader.read();
        if (done || signal.aborted) break;
        heardAt = performance.now();
        listener.heard();
        const blocks = (rest + value).split("\n\n");
        rest = blocks.pop() ?? "";
        for (const block of blocks) hand(block, listener);
      }
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof Refused && error.isLocked) return listener.locked();
      // Every other end of a stream has the same cure: a new one.
    } finally {
      clearInterval(watch);
      signal.removeEventListener("abort", abort);
      stop.abort();
    }
    if (signal.aborted) return;
    attempt += 1;
    listener.lost(attempt);
    await new Promise((done) => setTimeout(done, Math.min(15_000, 500 * 2 ** Math.min(attempt, 5)) * (0.5 + Math.random() / 2)));
  }
}
function hand(block: string, listener: Listener): void {
  let event = "", data = "";
  for (const line of block.split("\n")) {
    if (line.startsWith("event: ")) event = line.slice(7);
    else if (line.startsWith("data: ")) data += line.slice(6);
  }
  if (event && data) listener.event(event, JSON.parse(data));
}
