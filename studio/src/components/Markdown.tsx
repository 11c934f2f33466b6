/** Text written by people, as Markdown: no HTML of theirs, links that cannot reach back, pictures only from data. */
import MarkdownIt from "markdown-it";
import { useMemo } from "react";
import classes from "@/components/Markdown.module.css";

const renderer = new MarkdownIt({ html: false, linkify: true, breaks: true });
const linkOpen = renderer.renderer.rules.link_open;
renderer.renderer.rules.link_open = (tokens, at, options, env, self) => {
  tokens[at]?.attrSet("target", "_blank");
  tokens[at]?.attrSet("rel", "noopener noreferrer nofollow");
  return linkOpen ? linkOpen(tokens, at, options, env, self) : self.renderToken(tokens, at, options);
};

export default function Markdown({ text }: { text: string }) {
  const html = useMemo(() => renderer.render(text), [text]);
  // biome-ignore lint/security/noDangerouslySetInnerHtml: made by the renderer above, which escapes all HTML of the text
  return <div className={classes.text} dangerouslySetInnerHTML={{ __html: html }} />;
}
