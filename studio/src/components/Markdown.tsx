/** Text written by people, as Markdown: no HTML of theirs, links that cannot reach back, pictures only of ours. */
import MarkdownIt from "markdown-it";
import { useMemo } from "react";
import classes from "@/components/Markdown.module.css";
import { untwisted } from "@/lib/turning";

/** Where the picture of an address in the text is to be had; null: nowhere. */
export type PictureOf = (address: string) => string | null;

const renderer = new MarkdownIt({ html: false, linkify: true, breaks: true });
const linkOpen = renderer.renderer.rules.link_open;
renderer.renderer.rules.link_open = (tokens, at, options, env, self) => {
  tokens[at]?.attrSet("target", "_blank");
  tokens[at]?.attrSet("rel", "noopener noreferrer nofollow");
  return linkOpen ? linkOpen(tokens, at, options, env, self) : self.renderToken(tokens, at, options);
};
const image = renderer.renderer.rules.image!;
renderer.renderer.rules.image = (tokens, at, options, env, self) => {
  const token = tokens[at]!;
  const address = String(token.attrGet("src") ?? "");
  const source = /^data:image\//i.test(address) ? address : (env as { picture: PictureOf }).picture(address);
  // A picture of somebody else's server would tell it who reads this.
  if (source === null) return renderer.utils.escapeHtml(token.content || address);
  token.attrSet("src", source);
  token.attrSet("loading", "lazy");
  return image(tokens, at, options, env, self);
};

const nowhere: PictureOf = () => null;
/** Longer texts end as they are: the time for some of them grows with the square of their length. */
const MOST = 40_000;

/** Where a long text is parted: at the end of a line, if there is one. */
function partOf(text: string): number {
  if (text.length <= MOST) return text.length;
  return text.lastIndexOf("\n", MOST) + 1 || MOST;
}

export default function Markdown({ text, picture = nowhere }: { text: string; picture?: PictureOf }) {
  const end = partOf(text);
  const html = useMemo(
    () => untwisted(renderer.render(text.slice(0, end), { picture })),
    [text, end, picture],
  );
  return (
    <>
      {/* biome-ignore lint/security/noDangerouslySetInnerHtml: made by the renderer above, which escapes all HTML of the text */}
      <div className={classes.text} dangerouslySetInnerHTML={{ __html: html }} />
      {end < text.length && <pre className={classes.rest}>{text.slice(end)}</pre>}
    </>
  );
}
