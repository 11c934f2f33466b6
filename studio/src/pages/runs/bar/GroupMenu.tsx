/** Chooses by which params and tags runs are grouped. */
import { Button, ScrollArea, Text, TextInput } from "@mantine/core";
import { IconSearch } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { keysQuery } from "@/api/run-keys";
import { paramId, tagId } from "@/lib/run-columns";
import classes from "@/pages/runs/columns/ColumnsPanel.module.css";
import type { RunsOf } from "@/pages/runs/use-runs";

const MOST = 100;
const MOST_LEVELS = 3;

export function GroupMenu({
  of,
  by,
  onChange,
}: {
  of: RunsOf;
  by: readonly string[];
  onChange: (by: string[]) => void;
}) {
  const [text, setText] = useState("");
  // What was chosen when it opened stands first; nothing moves while one chooses.
  const [first] = useState(by);
  const { data } = useQuery(keysQuery(of.workspace, of.experimentIds, ["param", "tag"]));
  const keys = (data?.items ?? [])
    .map((one) => ({ ...one, id: one.kind === "tag" ? tagId(one.key) : paramId(one.key) }))
    .filter((one) => one.key.toLowerCase().includes(text.toLowerCase()) && one.key !== "mlflow.runName")
    .sort((a, b) => Number(first.includes(b.id)) - Number(first.includes(a.id)));
  return (
    <>
      <TextInput
        mb={6}
        data-autofocus
        leftSection={<IconSearch size={14} aria-hidden />}
        placeholder="Search params and tags"
        aria-label="Search params and tags"
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
      />
      <ScrollArea.Autosize mah={320}>
        {keys.slice(0, MOST).map((one) => {
          const on = by.includes(one.id);
          return (
            <label key={one.id} className={classes.check}>
              <input
                type="checkbox"
                checked={on}
                disabled={!on && by.length >= MOST_LEVELS}
                onChange={() => onChange(on ? by.filter((id) => id !== one.id) : [...by, one.id])}
              />
              <span className={`${classes.text} ellipsis`} title={one.key}>
                {one.key}
              </span>
              <span className={classes.kind}>{one.kind}</span>
            </label>
          );
        })}
        {data && keys.length === 0 && (
          <Text size="sm" p="xs" className="quiet">
            No param or tag has that name.
          </Text>
        )}
      </ScrollArea.Autosize>
      {by.length > 0 && (
        <Button mt={6} variant="subtle" size="compact-xs" onClick={() => onChange([])}>
          No groups
        </Button>
      )}
    </>
  );
}
