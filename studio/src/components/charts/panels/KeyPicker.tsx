/** Chooses a metric, param or tag for a chart. */
import { MultiSelect, Select } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { keysQuery } from "@/api/run-keys";
import { refName } from "@/lib/chart-values";

export interface Names {
  workspace: string;
  experimentIds: readonly string[];
}
export type Choice = "value" | "metric" | "group";
const LIMIT = 200;
const HIDDEN = /^mlflow\./;

interface Item {
  value: string;
  label: string;
}

/** What can be chosen: for `group` params and tags, for `metric` metrics, for `value` all. */
function useItems({ workspace, experimentIds }: Names, choice: Choice, chosen: readonly string[]) {
  const { data } = useQuery(keysQuery(workspace, experimentIds as string[], ["metric", "param", "tag"]));
  return useMemo(() => {
    const metrics: Item[] = [];
    const params: Item[] = [];
    const tags: Item[] = [];
    const put = (list: Item[], value: string) => list.push({ value, label: refName(value) || "(no name)" });
    for (const { kind, key } of data?.items ?? []) {
      if (kind === "param") put(params, `p:${key}`);
      else if (kind === "tag") {
        if (!HIDDEN.test(key)) put(tags, `t:${key}`);
      } else {
        put(metrics, `m:${key}`);
        if (choice !== "metric") {
          put(metrics, `min:${key}`);
          put(metrics, `max:${key}`);
        }
      }
    }
    const groups = [
      { group: "Metrics", items: choice === "group" ? [] : metrics },
      { group: "Params", items: choice === "metric" ? [] : params },
      { group: "Tags", items: choice === "metric" ? [] : tags },
    ].filter((one) => one.items.length > 0);
    const known = new Set(groups.flatMap((one) => one.items.map((item) => item.value)));
    const gone = chosen.filter((one) => one && !known.has(one));
    if (gone.length > 0)
      groups.unshift({ group: "Chosen", items: gone.map((value) => ({ value, label: refName(value) })) });
    return groups;
  }, [data, choice, chosen]);
}

export function KeyPicker({
  names,
  choice,
  label,
  value,
  onChange,
  optional = false,
}: {
  names: Names;
  choice: Choice;
  label: string;
  value: string;
  onChange: (value: string) => void;
  optional?: boolean;
}) {
  const chosen = useMemo(() => [value], [value]);
  const data = useItems(names, choice, chosen);
  return (
    <Select
      aria-label={label}
      placeholder={label}
      data={data}
      value={value || null}
      onChange={(next) => onChange(next ?? "")}
      searchable
      limit={LIMIT}
      clearable={optional}
      allowDeselect={false}
      nothingFoundMessage="No such name"
      title={`${label}${value ? `: ${refName(value)}` : ""}`}
    />
  );
}

export function KeysPicker({
  names,
  choice,
  label,
  value,
  onChange,
}: {
  names: Names;
  choice: Choice;
  label: string;
  value: string[];
  onChange: (value: string[]) => void;
}) {
  const data = useItems(names, choice, value);
  return (
    <MultiSelect
      aria-label={label}
      placeholder={value.length === 0 ? label : ""}
      size="xs"
      data={data}
      value={value}
      onChange={onChange}
      searchable
      limit={LIMIT}
      hidePickedOptions
      nothingFoundMessage="No such name"
      maxValues={30}
    />
  );
}
