/** How a file is shown, by the ending of its name. Pure. */

export type View = "picture" | "sound" | "film" | "page" | "text" | "none";

const ENDINGS: Record<Exclude<View, "none">, string> = {
  picture: "png jpg jpeg gif webp avif bmp ico svg",
  sound: "wav mp3 ogg oga opus flac m4a weba",
  film: "mp4 m4v webm ogv mov",
  page: "html htm pdf",
  text: "txt log out err md rst csv tsv json jsonl ndjson ipynb yaml yml toml ini cfg conf env xml py pyi r jl sh sql js ts css java c h cc cpp hpp cu rs go scala patch diff proto tex bib",
};
const TEXT_NAMES = ["mlmodel", "mlproject", "dockerfile", "makefile", "readme", "license", "requirements"];

/** The same kinds as the server's, which shows no others. */
export function viewOf(path: string): View {
  const last = path.slice(path.lastIndexOf("/") + 1).toLowerCase();
  const ending = last.includes(".") ? last.slice(last.lastIndexOf(".") + 1) : "";
  for (const [view, endings] of Object.entries(ENDINGS) as [View, string][])
    if (ending && endings.split(" ").includes(ending)) return view;
  return TEXT_NAMES.includes(last) ? "text" : "none";
}
