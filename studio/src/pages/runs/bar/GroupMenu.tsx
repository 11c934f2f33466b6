/** Chooses by which params and tags runs are grouped. */
import { Menu, ScrollArea, Text, TextInput } from "@mantine/core";
import { IconSearch } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { keysQuery } from "@/api/run-keys";
import { paramId, tagId } from "@/lib/run-columns";
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
  const { data } = useQuery(keysQuery(of.workspace, of.experimentIds, ["param", "tag"]));
  const keys = (data?.items ?? [])
    .map((one) => ({ ...one, id: one.kind === "tag" ? tagId(one.key) : paramId(one.key) }))
    .filter((one) => one.key.toLowerCase().includes(text.toLowerCase()) && one.key !== "mlflow.runName")
    .sort((a, b) => Number(by.includes(b.id)) - Number(by.includes(a.id)));
  return (
    <>
      <TextInput
        m={4}
        data-autofocus
        leftSection={<IconSearch size={14} aria-hidden />}
        placeholder="Search params and tags"
        aria-label="Search params and tags"
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
      />
      <ScrollArea.Autosize mah={320}>
        {by.length > 0 && <Menu.Item onClick={() => onChange([])}>No groups</Menu.Item>}
        {keys.slice(0, MOST).map((one) => {
          const on = by.includes(one.id);
          return (
            <Menu.CheckboxItem
              key={one.id}
              checked={on}
              closeMenuOnClick={!on && by.length === 0}
              disabled={!on && by.length >= MOST_LEVELS}
              onChange={() => onChange(on ? by.filter((id) => id !== one.id) : [...by, one.id])}
              rightSection={<span className="quiet">{one.kind}</span>}
            >
              <span title={one.key}>{one.key.length > 40 ? `${one.key.slice(0, 39)}…` : one.key}</span>
            </Menu.CheckboxItem>
          );
        })}
        {keys.length === 0 && (
          <Text size="sm" p="xs" className="quiet">
            No param or tag has that name.
          </Text>
        )}
      </ScrollArea.Autosize>
    </>
  );
}
