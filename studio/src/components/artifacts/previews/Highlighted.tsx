/** Code in colours. */
import hljs from "highlight.js/lib/core";
import bash from "highlight.js/lib/languages/bash";
import cpp from "highlight.js/lib/languages/cpp";
import css from "highlight.js/lib/languages/css";
import dockerfile from "highlight.js/lib/languages/dockerfile";
import go from "highlight.js/lib/languages/go";
import ini from "highlight.js/lib/languages/ini";
import java from "highlight.js/lib/languages/java";
import javascript from "highlight.js/lib/languages/javascript";
import json from "highlight.js/lib/languages/json";
import julia from "highlight.js/lib/languages/julia";
import makefile from "highlight.js/lib/languages/makefile";
import markdown from "highlight.js/lib/languages/markdown";
import python from "highlight.js/lib/languages/python";
import r from "highlight.js/lib/languages/r";
import rust from "highlight.js/lib/languages/rust";
import sql from "highlight.js/lib/languages/sql";
import typescript from "highlight.js/lib/languages/typescript";
import xml from "highlight.js/lib/languages/xml";
import yaml from "highlight.js/lib/languages/yaml";
import { useMemo } from "react";
import classes from "@/components/artifacts/previews/Highlighted.module.css";
import { untwisted } from "@/lib/turning";

const LANGUAGES = {
  bash,
  cpp,
  css,
  dockerfile,
  go,
  ini,
  java,
  javascript,
  json,
  julia,
  makefile,
  markdown,
  python,
  r,
  rust,
  sql,
  typescript,
  xml,
  yaml,
};
for (const [name, language] of Object.entries(LANGUAGES)) hljs.registerLanguage(name, language);

/** The highlighter's time grows with the square of a line's length, in some languages. */
const LONGEST_LINE = 1_000;
const isFast = (text: string, language: string): boolean =>
  language === "json" || text.split("\n").every((line) => line.length <= LONGEST_LINE);

export default function Highlighted({ text, language }: { text: string; language: string }) {
  const html = useMemo(
    () =>
      hljs.getLanguage(language) && isFast(text, language)
        ? hljs.highlight(untwisted(text), { language, ignoreIllegals: true }).value
        : null,
    [text, language],
  );
  if (html === null) return untwisted(text);
  // biome-ignore lint/security/noDangerouslySetInnerHtml: made by the highlighter, which escapes the text
  return <code className={classes.colors} dangerouslySetInnerHTML={{ __html: html }} />;
}
