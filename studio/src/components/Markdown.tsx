/** Text written by people, as Markdown: no HTML of theirs, links that cannot reach back, pictures only of ours. */
import MarkdownIt from "markdown-it";
import { useMemo } from "react";
import classes from "@/components/Markdown.module.css";

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

export default function Markdown({ text, picture = nowhere }: { text: string; picture?: PictureOf }) {
  const html = useMemo(() => renderer.render(text, { picture }), [text, picture]);
  // biome-ignore lint/security/noDangerouslySetInnerHtml: made by the renderer above, which escapes all HTML of the text
  return <div className={classes.text} dangerouslySetInnerHTML={{ __html: html }} />;
}
