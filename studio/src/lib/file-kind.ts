/** How a file is shown, by its name. Pure. */
export const KINDS = [
  "image",
  "video",
  "audio",
  "pdf",
  "html",
  "markdown",
  "json",
  "table",
  "parquet",
  "notebook",
  "diff",
  "text",
  "unknown",
] as const;
export type FileKind = (typeof KINDS)[number];

const ENDINGS: Partial<Record<FileKind, string>> = {
  image: "png jpg jpeg gif webp avif bmp ico svg",
  video: "mp4 m4v webm ogv mov",
  audio: "wav mp3 ogg oga opus flac m4a weba",
  pdf: "pdf",
  html: "html htm",
  markdown: "md markdown",
  json: "json geojson",
  table: "csv tsv",
  parquet: "parquet",
  notebook: "ipynb",
  diff: "patch diff",
  text: `txt log out err rst jsonl ndjson yaml yml toml ini cfg conf env xml py pyi r jl sh bash sql js ts jsx tsx css java
    c h cc cpp hpp cu rs go scala kt rb php lua swift proto tex bib lock gitignore dockerfile`,
};
const BY_ENDING = new Map<string, FileKind>(
  Object.entries(ENDINGS).flatMap(([kind, endings]) =>
    endings.split(/\s+/).map((ending) => [ending, kind as FileKind] as const),
  ),
);
const BY_NAME = new Set([
  "mlmodel",
  "mlproject",
  "dockerfile",
  "makefile",
  "readme",
  "license",
  "requirements",
]);

export const nameOf = (path: string): string => path.slice(path.lastIndexOf("/") + 1);
export const folderOf = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf("/")));

export function endingOf(path: string): string {
  const name = nameOf(path).toLowerCase();
  const place = name.lastIndexOf(".");
  return place < 0 ? "" : name.slice(place + 1);
}

export function kindOf(path: string): FileKind {
  if (BY_NAME.has(nameOf(path).toLowerCase())) return "text";
  return BY_ENDING.get(endingOf(path)) ?? "unknown";
}

const LANGUAGES: Record<string, string> = {
  py: "python",
  pyi: "python",
  ipynb: "json",
  json: "json",
  jsonl: "json",
  ndjson: "json",
  geojson: "json",
  yaml: "yaml",
  yml: "yaml",
  mlmodel: "yaml",
  mlproject: "yaml",
  toml: "ini",
  ini: "ini",
  cfg: "ini",
  conf: "ini",
  sh: "bash",
  bash: "bash",
  sql: "sql",
  js: "javascript",
  jsx: "javascript",
  ts: "typescript",
  tsx: "typescript",
  css: "css",
  xml: "xml",
  html: "xml",
  htm: "xml",
  c: "cpp",
  h: "cpp",
  cc: "cpp",
  cpp: "cpp",
  hpp: "cpp",
  cu: "cpp",
  rs: "rust",
  go: "go",
  java: "java",
  r: "r",
  jl: "julia",
  md: "markdown",
  makefile: "makefile",
  dockerfile: "dockerfile",
};

/** The name of the language of a text, as highlight.js calls it; null: plain. */
export const languageOf = (path: string): string | null =>
  LANGUAGES[endingOf(path) || nameOf(path).toLowerCase()] ?? null;

/** Logs: what lies below `logs/`, and texts that are called so. */
export function isLog(path: string): boolean {
  const ending = endingOf(path);
  if (/(^|\/)logs?\//.test(path)) return ["txt", "log", "out", "err", ""].includes(ending);
  return ending === "log" || /^(std(out|err)|std_log|output)(\.txt)?$/.test(nameOf(path).toLowerCase());
}
