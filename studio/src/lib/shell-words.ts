/** Arguments as one writes them in a shell, and back. Pure. */

export class Unfinished extends Error {}

/** Words of a line; quotes and backslashes as in a shell, but nothing is replaced. Throws Unfinished. */
export function wordsOf(line: string): string[] {
  const words: string[] = [];
  let word: string | null = null;
  let quote = "";
  for (let i = 0; i < line.length; i++) {
    const letter = line[i]!;
    if (quote === "'") {
      if (letter === "'") quote = "";
      else word += letter;
    } else if (letter === "\\") {
      const next = line[++i];
      if (next === undefined) throw new Unfinished("The line ends with a backslash.");
      const kept = quote === '"' && !'"\\$`\n'.includes(next) ? `\\${next}` : next === "\n" ? "" : next;
      word = (word ?? "") + kept;
    } else if (quote === '"') {
      if (letter === '"') quote = "";
      else word += letter;
    } else if (letter === "'" || letter === '"') {
      quote = letter;
      word ??= "";
    } else if (/\s/.test(letter)) {
      if (word !== null) words.push(word);
      word = null;
    } else {
      word = (word ?? "") + letter;
    }
  }
  if (quote !== "") throw new Unfinished(`A quotation mark ${quote} is not closed.`);
  if (word !== null) words.push(word);
  return words;
}

const PLAIN = /^[\w@%+=:,./-]+$/;

export const lineOf = (words: readonly string[]): string =>
  words.map((word) => (PLAIN.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)).join(" ");
