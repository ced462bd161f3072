import en from "../../words/en.json";
import ko from "../../words/ko.json";
import { kept, local } from "./kept";

export type Word = keyof typeof ko;
export type Language = "ko" | "en";
const CATALOGUE: Record<Language, Record<Word, string>> = { ko, en };

const first = (): Language => {
  const chosen = kept(local, "language");
  if (chosen === "ko" || chosen === "en") return chosen;
  return navigator.language.startsWith("ko") ? "ko" : "en";
};
let language = $state<Language>("ko");

export const speaking = (): Language => language;
export const t = (word: Word): string => CATALOGUE[language][word];
/** The same in the language that is not chosen, for what stands in both. */
export const alsoIn = (): Language => (language === "ko" ? "en" : "ko");
export const tAlso = (word: Word): string => CATALOGUE[alsoIn()][word];
/** A word of the API that may be newer than the catalogue stands as it is. */
export const said = (text: string): string => (text in ko ? t(text as Word) : text);

export function speak(next: Language): void {
  language = next;
  kept(local, "language", next);
  document.documentElement.lang = next;
}
speak(first());

/** `name_ko` or `name_en` of a row, the other where one is missing. */
export function pick(row: object, name: string): string {
  const fields = row as Record<string, unknown>;
  const other = language === "ko" ? "en" : "ko";
  const found = fields[`${name}_${language}`] ?? fields[`${name}_${other}`] ?? fields["id"] ?? "";
  return String(found);
}
/** As `pick`, but nothing where the row has no such text. */
export function textOf(row: object, name: string): string {
  const fields = row as Record<string, unknown>;
  return String(fields[`${name}_${language}`] ?? fields[`${name}_${language === "ko" ? "en" : "ko"}`] ?? "");
}
