import { Group, Select } from "@mantine/core";
import { useMemo } from "react";
import type { ModelVersion } from "@/api/models";
import { Copy } from "@/components/Copy";
import { Empty } from "@/components/states";
import { diffLines } from "@/lib/text-diff";
import classes from "@/pages/models/Prompt.module.css";
import type { ModelShown } from "@/pages/models/search";

const TEXT_TAG = "mlflow.prompt.text";
const SIGNS = { same: " ", added: "+", removed: "−" } as const;
const READ = { same: "", added: "added: ", removed: "removed: " } as const;

const textOf = (version: ModelVersion | undefined): string =>
  version?.tags?.find((tag) => tag.key === TEXT_TAG)?.value ?? "";

/** The text of a version of a prompt; beside another one what differs. */
export function PromptText({
  versions,
  shown,
  onShow,
}: {
  versions: readonly ModelVersion[];
  shown: ModelShown;
  onShow: (changed: Partial<ModelShown>) => void;
}) {
  const version = versions.find((one) => one.version === shown.version) ?? versions[0];
  const against = versions.find((one) => one.version === shown.against && one !== version);
  const text = textOf(version);
  const lines = useMemo(() => (against ? diffLines(textOf(against), text) : null), [against, text]);
  if (!version) return <Empty title="No version yet" />;
  const numbers = versions.map((one) => ({ value: one.version, label: `Version ${one.version}` }));
  return (
    <>
      <Group mb="sm" gap="xs">
        <Select
          aria-label="Version"
          allowDeselect={false}
          w={140}
          value={version.version}
          onChange={(value) => onShow({ version: value })}
          data={numbers}
        />
        <Select
          aria-label="Compared with"
          placeholder="Compare with …"
          clearable
          w={170}
          value={against?.version ?? null}
          onChange={(value) => onShow({ against: value })}
          data={numbers.filter((one) => one.value !== version.version)}
        />
        <Copy text={text} what="Copy the text" />
      </Group>
      <section
        className={`panel ${classes.text}`}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
        tabIndex={0}
        aria-label={
          against ? `What changed since version ${against.version}` : `Text of version ${version.version}`
        }
      >
        {lines === null
          ? text
          : lines.map((line) => (
              <div key={`${line.left} ${line.right}`} className={classes[line.kind]}>
                <span aria-hidden className={classes.sign}>
                  {SIGNS[line.kind]}
                </span>
                <span className="only-read">{READ[line.kind]}</span>
                {line.text}
              </div>
            ))}
      </section>
    </>
  );
}
