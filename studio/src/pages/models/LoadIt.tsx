import { Select } from "@mantine/core";
import { useState } from "react";
import type { ModelVersion, RegisteredModel } from "@/api/models";
import { CodeToCopy } from "@/components/Copy";
import { Empty } from "@/components/states";
import { snippet } from "@/pages/models/snippet";

/** Code that loads a version, by an alias or by its number. */
export function LoadIt({
  model,
  versions,
  prompt,
}: {
  model: RegisteredModel;
  versions: readonly ModelVersion[];
  prompt: boolean;
}) {
  const aliases = (model.aliases ?? []).map((one) => ({
    value: `@${one.alias}`,
    label: `${one.alias}, which is version ${one.version} now`,
  }));
  const numbers = versions.map((one) => ({ value: one.version, label: `version ${one.version}` }));
  const choices = [...aliases, ...numbers];
  const [wanted, setWanted] = useState<string | null>(null);
  const chosen = choices.find((one) => one.value === wanted) ?? choices[0];
  if (!chosen) return <Empty title="There is no version to load yet" />;
  const alias = chosen.value.startsWith("@");
  return (
    <>
      <Select
        label="What to load"
        description="An alias follows when it is pointed at another version"
        allowDeselect={false}
        maw={320}
        mb="sm"
        value={chosen.value}
        onChange={setWanted}
        data={choices}
      />
      <CodeToCopy
        text={snippet(model.name, { name: alias ? chosen.value.slice(1) : chosen.value, alias }, prompt)}
      />
    </>
  );
}
