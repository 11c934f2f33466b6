/** Copying: a small button beside what it copies, and a block of code with one. */
import { ActionIcon, CopyButton, Tooltip } from "@mantine/core";
import { IconCheck, IconCopy, IconLink } from "@tabler/icons-react";
import classes from "@/components/Copy.module.css";

/** `link`: an address, beside a button that copies something else. */
export function Copy({ text, what = "Copy", link }: { text: string; what?: string; link?: boolean }) {
  const Icon = link ? IconLink : IconCopy;
  return (
    <CopyButton value={text} timeout={1500}>
      {({ copied, copy }) => (
        <Tooltip label={copied ? "Copied" : what}>
          <ActionIcon size="sm" onClick={copy} aria-label={copied ? "Copied" : what}>
            {copied ? <IconCheck size={14} /> : <Icon size={14} />}
          </ActionIcon>
        </Tooltip>
      )}
    </CopyButton>
  );
}

export function CodeToCopy({ text, what }: { text: string; what?: string }) {
  return (
    <div className={classes.block}>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
      <pre tabIndex={0}>{text}</pre>
      <div className={classes.button}>
        <Copy text={text} what={what ?? "Copy"} />
      </div>
    </div>
  );
}
