/** The data that the run read. */
import { Badge, Title } from "@mantine/core";
import { useState } from "react";
import type { DatasetInput } from "@/api/run-page";
import { Facts } from "@/components/Facts";
import { LongText } from "@/pages/run/overview/Params";
import classes from "@/pages/run/run.module.css";

export function Datasets({ inputs }: { inputs: readonly DatasetInput[] }) {
  if (inputs.length === 0) return null;
  return (
    <section className={`panel ${classes.card}`} aria-label="Datasets">
      <div className={classes.cardHead}>
        <Title order={2}>Datasets</Title>
      </div>
      {inputs.map((input) => (
        <Input
          key={`${input.dataset.name} ${input.dataset.digest} ${contextOf(input)}`}
          input={input}
          context={contextOf(input)}
        />
      ))}
    </section>
  );
}

const contextOf = (input: DatasetInput): string =>
  input.tags?.find((tag) => tag.key === "mlflow.data.context")?.value ?? "";

function Input({ input, context }: { input: DatasetInput; context: string }) {
  const { dataset } = input;
  const [open, setOpen] = useState(false);
  return (
    <div style={{ marginBottom: 6 }}>
      <div className={classes.chips} style={{ alignItems: "center" }}>
        <button
          type="button"
          className="linklike ellipsis"
          aria-expanded={open}
          title={dataset.name}
          onClick={() => setOpen(!open)}
        >
          {dataset.name || "(no name)"}
        </button>
        <span className={`quiet ${classes.hash}`}>{dataset.digest}</span>
        {context && <Badge>{context}</Badge>}
      </div>
      {open && (
        <Facts
          facts={[
            ["Kind", dataset.source_type],
            ["Source", <LongText key="s" text={pretty(dataset.source)} />],
            ["Profile", dataset.profile ? <LongText key="p" text={pretty(dataset.profile)} /> : ""],
            ["Schema", dataset.schema ? <LongText key="c" text={pretty(dataset.schema)} /> : ""],
          ]}
        />
      )}
    </div>
  );
}

/** JSON of one level as lines; other text as it is. */
function pretty(text: string): string {
  try {
    const found: unknown = JSON.parse(text);
    if (typeof found !== "object" || found === null) return text;
    return Object.entries(found)
      .map(([key, value]) => `${key}: ${typeof value === "string" ? value : JSON.stringify(value)}`)
      .join(", ");
  } catch {
    return text;
  }
}
