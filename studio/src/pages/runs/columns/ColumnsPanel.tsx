/** All that could be a column, and what is one. */
import { Button, Drawer, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { IconSearch } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { type KeyKind, keysQuery } from "@/api/run-keys";
import { ATTRIBUTES, type Attribute, attributeId, metricId, paramId, tagId } from "@/lib/run-columns";
import classes from "@/pages/runs/columns/ColumnsPanel.module.css";
import { ShownColumns } from "@/pages/runs/columns/ShownColumns";
import { type Columns, columnsOf } from "@/pages/runs/columns/use-columns";
import type { RunsOf } from "@/pages/runs/use-runs";

const MOST = 200;
const HIDDEN_TAGS = new Set(["mlflow.runName", "mlflow.runColor", "mlflow.user"]);

export function ColumnsPanel({
  of,
  columns,
  open,
  onClose,
}: {
  of: RunsOf;
  columns: Columns;
  open: boolean;
  onClose: () => void;
}) {
  return (
    <Drawer
      opened={open}
      onClose={onClose}
      position="right"
      size="sm"
      title="Columns"
      closeButtonProps={{ "aria-label": "Close" }}
      overlayProps={{ backgroundOpacity: 0.15 }}
    >
      {open && <Panel of={of} columns={columns} />}
    </Drawer>
  );
}

function Panel({ of, columns }: { of: RunsOf; columns: Columns }) {
  const [text, setText] = useState("");
  const attributes = (Object.keys(ATTRIBUTES) as Attribute[])
    .filter((key) => key !== "name")
    .map((key) => ({ id: attributeId(key), title: ATTRIBUTES[key].title as string }))
    .filter((one) => one.title.toLowerCase().includes(text.toLowerCase()));
  return (
    <>
      <TextInput
        data-autofocus
        leftSection={<IconSearch size={14} aria-hidden />}
        placeholder="Search columns"
        aria-label="Search columns"
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
      />
      {text === "" && (
        <section aria-label="Shown">
          <div className={classes.head}>
            Shown, in this order
            <Button variant="subtle" size="compact-xs" onClick={columns.reset}>
              Reset
            </Button>
          </div>
          <ShownColumns columns={columns} />
        </section>
      )}
      <Section title="Attributes" items={attributes} columns={columns} />
      <Keys of={of} kind="metric" title="Metrics" text={text} columns={columns} />
      <Keys of={of} kind="param" title="Params" text={text} columns={columns} />
      <Keys of={of} kind="tag" title="Tags" text={text} columns={columns} />
    </>
  );
}

interface Item {
  id: string;
  title: string;
  hint?: string;
}

function Keys({
  of,
  kind,
  title,
  text,
  columns,
}: {
  of: RunsOf;
  kind: KeyKind;
  title: string;
  text: string;
  columns: Columns;
}) {
  const [prefix] = useDebouncedValue(text, 200);
  const first = useQuery(keysQuery(of.workspace, of.experimentIds, [kind]));
  const more = useQuery({
    ...keysQuery(of.workspace, of.experimentIds, [kind], prefix),
    enabled: prefix !== "" && !!first.data?.next_page_token,
  });
  const keys = [
    ...new Set([...(first.data?.items ?? []), ...(more.data?.items ?? [])].map((one) => one.key)),
  ];
  const idOf = kind === "param" ? paramId : kind === "tag" ? tagId : (key: string) => metricId(key);
  // A metric that is shown with another statistic is the same line here.
  const shown = new Map(
    columnsOf(columns.ids).flatMap((one) => (one.kind === kind ? [[one.key as string, one.id]] : [])),
  );
  const items = keys
    .filter((key) => key.toLowerCase().includes(text.toLowerCase()) && !HIDDEN_TAGS.has(key))
    .map((key) => ({ id: shown.get(key) ?? idOf(key), title: key }));
  return (
    <Section
      title={first.data?.next_page_token ? `${title} (the first 1,000; search for others)` : title}
      items={items}
      columns={columns}
    />
  );
}

function Section({ title, items, columns }: { title: string; items: Item[]; columns: Columns }) {
  if (items.length === 0) return null;
  const ids = items.map((one) => one.id);
  const all = ids.every(columns.has);
  const turn = () =>
    columns.set(
      all
        ? columns.ids.filter((id) => !ids.includes(id))
        : [...new Set([...columns.ids, ...ids.slice(0, MOST)])],
    );
  return (
    <fieldset style={{ border: "none", margin: 0, padding: 0, minWidth: 0 }}>
      <legend className="only-read">{title}</legend>
      <div className={classes.head}>
        <span aria-hidden>{title}</span>
        <Button variant="subtle" size="compact-xs" onClick={turn}>
          {all ? "None" : "All"}
          <span className="only-read"> of {title}</span>
        </Button>
      </div>
      {items.slice(0, MOST).map((one) => (
        <label key={one.id} className={classes.check}>
          <input type="checkbox" checked={columns.has(one.id)} onChange={() => columns.toggle(one.id)} />
          <span className="ellipsis" title={one.title}>
            {one.title}
          </span>
        </label>
      ))}
      {items.length > MOST && (
        <p className="quiet">{(items.length - MOST).toLocaleString("en-US")} more: search for them.</p>
      )}
    </fieldset>
  );
}
