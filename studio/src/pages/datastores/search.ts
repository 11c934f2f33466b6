/** Which datastore, folder and file is shown, in the page's address. Pure. */

export interface Shown {
  /** None: the list of datastores. */
  name: string | null;
  /** The folder, without slashes around it; empty: the top. */
  path: string;
  /** The file that is looked at, by its whole path. */
  file: string | null;
}

const text = (value: unknown): string =>
  typeof value === "string" || typeof value === "number" || typeof value === "boolean" ? String(value) : "";

/** Without empty pieces, and without those that the server refuses. */
export const clean = (path: string): string =>
  path
    .split("/")
    .filter((piece) => piece !== "" && piece !== "." && piece !== "..")
    .join("/");

export function shownOf(search: Record<string, unknown>): Shown {
  const name = text(search.name) || null;
  const file = clean(text(search.file));
  if (name === null) return { name, path: "", file: null };
  return { name, path: clean(text(search.path)), file: file || null };
}

export const addressOf = (shown: Partial<Shown>): Record<string, string> =>
  Object.fromEntries(Object.entries(shown).filter((pair): pair is [string, string] => Boolean(pair[1])));

/** A folder's ancestors and itself, from the top: what they are called and where they are. */
export function trail(path: string): { text: string; path: string }[] {
  const pieces = path.split("/").filter(Boolean);
  return pieces.map((piece, i) => ({ text: piece, path: pieces.slice(0, i + 1).join("/") }));
}

export const lastOf = (path: string): string => path.slice(path.lastIndexOf("/") + 1);
export const within = (folder: string, name: string): string => (folder ? `${folder}/${name}` : name);
