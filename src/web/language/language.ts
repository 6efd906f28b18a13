/**
 * Which language the page speaks: the one that was chosen, else the browser's, else English.
 */
import { recall, remember } from "../memory.js";
import { type Dictionary, en } from "./en.js";
import { zh } from "./zh.js";

const dictionaries = { en, zh };

export type Language = keyof typeof dictionaries;

/** Each by its own name, for those who do not read the one that is shown. */
export const languageNames: Readonly<Record<Language, string>> = { en: "English", zh: "中文" };

let current: Language = initial();

/** The texts of the current language. Views take them when they are made, and are made anew when it changes. */
export function texts(): Dictionary {
  return dictionaries[current];
}

export function language(): Language {
  return current;
}

export function chooseLanguage(chosen: string): void {
  if (!isLanguage(chosen)) return;
  current = chosen;
  remember("language", chosen);
  declareLanguage();
}

/** Tells browser and screen reader. */
export function declareLanguage(): void {
  document.documentElement.lang = current === "zh" ? "zh-CN" : current;
}

function initial(): Language {
  const wanted = [recall("language") ?? "", ...navigator.languages.map((tag) => tag.slice(0, 2))];
  return wanted.find(isLanguage) ?? "en";
}

function isLanguage(tag: string): tag is Language {
  return Object.hasOwn(dictionaries, tag);
}
