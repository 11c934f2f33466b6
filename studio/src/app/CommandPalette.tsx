/** Goes anywhere by typing: pages, workspaces, experiments by name, runs by name or id. */
import { Modal, ScrollArea, Text, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import {
  type IconBox,
  IconFlask,
  IconPlayerPlay,
  IconSearch,
  IconServer,
  IconTable,
} from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useParams } from "@tanstack/react-router";
import { type KeyboardEvent, useEffect, useId, useRef, useState } from "react";
import { searchExperiments } from "@/api/experiments";
import { runsTable } from "@/api/runs";
import { workspacesQuery } from "@/api/workspaces";
import classes from "@/app/CommandPalette.module.css";
import { anywhere, quoted } from "@/lib/filter-text";

interface Target {
  id: string;
  kind: string;
  text: string;
  to: string;
  icon: typeof IconBox;
}

const PAGES = [
  "experiments",
  "runs",
  "jobs",
  "compute",
  "models",
  "datasets",
  "datastores",
  "traces",
  "access",
  "trash",
];
const MOST = 8;

export function CommandPalette({ open, onClose }: { open: boolean; onClose: () => void }) {
  return (
    <Modal
      opened={open}
      onClose={onClose}
      withCloseButton={false}
      padding={0}
      size="lg"
      yOffset="12vh"
      attributes={{ content: { "aria-label": "Go to" } }}
      transitionProps={{ duration: 80 }}
    >
      {open && <Palette onClose={onClose} />}
    </Modal>
  );
}

function Palette({ onClose }: { onClose: () => void }) {
  const [text, setText] = useState("");
  const [place, setPlace] = useState(0);
  const navigate = useNavigate();
  const list = useId();
  // At once, and not when the dialog has faded in: what is typed meanwhile would be lost.
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => field.current?.focus(), []);
  const targets = useTargets(text.trim());
  // biome-ignore lint/correctness/useExhaustiveDependencies: what is chosen starts anew with other results
  useEffect(() => setPlace(0), [text, targets.length]);
  const go = (target: Target | undefined) => {
    if (!target) return;
    onClose();
    navigate({ to: target.to });
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (step !== 0 && targets.length > 0) setPlace((place + step + targets.length) % targets.length);
    else if (event.key === "Enter") go(targets[place]);
    else return;
    event.preventDefault();
  };
  return (
    <>
      <TextInput
        ref={field}
        data-autofocus
        size="md"
        variant="unstyled"
        px="md"
        leftSection={<IconSearch size={17} />}
        placeholder="Go to a page, experiment, run …"
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
        onKeyDown={onKeyDown}
        role="combobox"
        aria-expanded
        aria-controls={list}
        aria-activedescendant={targets[place] ? `${list}-${place}` : undefined}
        aria-label="Go to"
      />
      <ScrollArea.Autosize mah="50vh" className={classes.results!}>
        <div id={list} role="listbox" aria-label="Results">
          {targets.map((one, i) => {
            const Icon = one.icon;
            return (
              // biome-ignore lint/a11y/useKeyWithClickEvents: the field above has the keys
              <div
                key={one.id}
                id={`${list}-${i}`}
                role="option"
                tabIndex={-1}
                aria-selected={i === place}
                className={classes.result}
                onMouseMove={() => setPlace(i)}
                onClick={() => go(one)}
                ref={i === place ? (element) => element?.scrollIntoView({ block: "nearest" }) : undefined}
              >
                <Icon size={16} aria-hidden />
                <span className="ellipsis">{one.text}</span>
                <span className={classes.kind}>{one.kind}</span>
              </div>
            );
          })}
          {targets.length === 0 && (
            <Text p="md" size="sm" className="quiet">
              Nothing has that name.
            </Text>
          )}
        </div>
      </ScrollArea.Autosize>
    </>
  );
}

function useTargets(text: string): Target[] {
  const { workspace } = useParams({ strict: false });
  const [asked] = useDebouncedValue(text, 150);
  const { data: workspaces } = useQuery(workspacesQuery());
  const { data: found } = useQuery({
    queryKey: ["palette", workspace, asked],
    queryFn: ({ signal }) => records(workspace!, asked, signal),
    enabled: workspace !== undefined && asked !== "",
    placeholderData: (before) => before,
    retry: false,
  });
  const fits = (name: string) => name.toLowerCase().includes(text.toLowerCase());
  const base = workspace ? `/workspaces/${encodeURIComponent(workspace)}` : "";
  const pages: Target[] = workspace
    ? PAGES.filter(fits).map((one) => ({
        id: `page ${one}`,
        kind: "page",
        text: one === "runs" ? "All runs" : one[0]!.toUpperCase() + one.slice(1),
        to: `${base}/${one}`,
        icon: IconTable,
      }))
    : [];
  const places: Target[] = (workspaces?.items ?? [])
    .filter((one) => fits(one.name) && one.name !== workspace)
    .slice(0, MOST)
    .map((one) => ({
      id: one.guid,
      kind: "workspace",
      text: one.name,
      to: `/workspaces/${encodeURIComponent(one.name)}`,
      icon: IconServer,
    }));
  return [...(text === "" ? pages : []), ...(found ?? []), ...(text === "" ? [] : pages), ...places];
}

async function records(workspace: string, text: string, signal: AbortSignal): Promise<Target[]> {
  const base = `/workspaces/${encodeURIComponent(workspace)}`;
  const filter = /^[0-9a-f]{32}$/.test(text)
    ? `attributes.run_id = ${quoted(text)}`
    : `attributes.run_name ILIKE ${anywhere(text)}`;
  const [experiments, runs] = await Promise.all([
    searchExperiments(
      workspace,
      {
        filter: `name ILIKE ${anywhere(text)}`,
        order_by: ["last_update_time DESC"],
        view_type: "ACTIVE_ONLY",
      },
      MOST,
      signal,
    ),
    runsTable(
      workspace,
      { experiment_ids: [], filter, order_by: [], max_results: MOST, rows: MOST, columns: { info: true } },
      signal,
    ),
  ]);
  return [
    ...(experiments.experiments ?? []).map((one) => ({
      id: `experiment ${one.experiment_id}`,
      kind: "experiment",
      text: one.name,
      to: `${base}/experiments/${one.experiment_id}`,
      icon: IconFlask,
    })),
    ...runs.rows.map((one) => ({
      id: `run ${one.runId}`,
      kind: "run",
      text: one.name || one.runId,
      to: `${base}/experiments/${one.experimentId}/runs/${one.runId}`,
      icon: IconPlayerPlay,
    })),
  ];
}
