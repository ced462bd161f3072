// One dialog for everything a person confirms: what it is about, and what happens when they do.
import type { Word } from "./words.svelte";

export interface Question {
  title: Word;
  what: string;
  act: Word;
  /** Label of the text, where one is asked for. */
  text?: Word;
  /** Choices of an override. */
  unit?: { levels: number };
  run(answer: Answer): Promise<void>;
}
export interface Answer { text: string; mode: "run" | "idle" | "stopped"; level: number; minutes: number }

let question = $state.raw<Question | null>(null);
export const asking = {
  get question() { return question; },
  ask(next: Question) { question = next; },
  close() { question = null; },
};
