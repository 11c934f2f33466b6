import { Group, SegmentedControl, Select, Text, TextInput } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { IconRoute, IconSearch } from "@tabler/icons-react";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useRef } from "react";
import { experimentsQuery } from "@/api/experiments";
import { useLiveTraces } from "@/api/live";
import { tracesQuery } from "@/api/traces";
import { useShortcuts } from "@/app/shortcuts";
import { CodeToCopy } from "@/components/Copy";
import { More } from "@/components/More";
import { Page } from "@/components/Page";
import { Broken, Empty, Waiting } from "@/components/states";
import { TraceDrawer } from "@/components/traces/TraceDrawer";
import { TraceTable } from "@/components/traces/TraceTable";
import { addressOf, filterOf, type Shown, type State, shownOf } from "@/pages/traces/search";

const ROUTE = "/inside/workspaces/$workspace/traces";

/** Traces of a workspace, newest first. */
export function TracesPage() {
  const { workspace } = useParams({ from: ROUTE });
  const shown = shownOf(useSearch({ from: ROUTE }));
  const navigate = useNavigate({ from: "/workspaces/$workspace/traces" });
  const field = useRef<HTMLInputElement>(null);
  const change = (part: Partial<Shown>, replace = false) =>
    navigate({ search: addressOf({ ...shown, ...part }), replace });
  const type = useDebouncedCallback((q: string) => change({ q }, true), 300);
  useShortcuts([{ keys: "/", does: "Search traces by their text", run: () => field.current?.focus() }]);
  const experiments = useInfiniteQuery(
    experimentsQuery(workspace, {
      filter: "",
      order_by: ["last_update_time DESC"],
      view_type: "ACTIVE_ONLY",
    }),
  );
  const known = experiments.data?.pages.flatMap((page) => page.experiments ?? []) ?? [];
  const ids = shown.experiment ? [shown.experiment] : known.map((one) => one.experiment_id);
  const found = useInfiniteQuery({
    ...tracesQuery(workspace, ids, filterOf(shown)),
    placeholderData: (before) => before,
  });
  useLiveTraces(workspace, ids, () => found.refetch());
  const traces = found.data?.pages.flatMap((page) => page.traces ?? []) ?? [];
  const looking = shown.q !== "" || shown.state !== "all";
  const none = experiments.data !== undefined && ids.length === 0;
  return (
    <Page title="Traces">
      <search>
        <Group mb="sm" gap="xs">
          <TextInput
            ref={field}
            aria-label="Search by text"
            placeholder="Search in what was asked and answered"
            leftSection={<IconSearch size={15} />}
            defaultValue={shown.q}
            onChange={(event) => type(event.currentTarget.value)}
            w={320}
          />
          <Select
            aria-label="Experiment"
            placeholder="All experiments"
            clearable
            searchable
            w={240}
            clearButtonProps={{ "aria-label": "All experiments" }}
            data={known.map((one) => ({ value: one.experiment_id, label: one.name || one.experiment_id }))}
            value={shown.experiment || null}
            onChange={(experiment) => change({ experiment: experiment ?? "" })}
          />
          <SegmentedControl
            aria-label="State"
            data={[
              { value: "all", label: "All" },
              { value: "OK", label: "Done" },
              { value: "ERROR", label: "Failed" },
              { value: "IN_PROGRESS", label: "Going on" },
            ]}
            value={shown.state}
            onChange={(state) => change({ state: state as State })}
          />
        </Group>
      </search>
      {!shown.experiment && experiments.hasNextPage && (
        <Text size="xs" className="quiet" mb="xs">
          Of the {known.length} experiments that changed last.
        </Text>
      )}
      {experiments.isError && <Broken error={experiments.error} again={() => experiments.refetch()} />}
      {found.isError && <Broken error={found.error} again={() => found.refetch()} />}
      {!none && !experiments.isError && found.isPending && <Waiting label="Loading traces" />}
      {(none || found.data) && traces.length === 0 && (
        <Empty
          title={looking ? "No trace is like that" : "No traces yet"}
          icon={<IconRoute size={28} aria-hidden />}
        >
          {!looking && (
            <CodeToCopy
              text={'import mlflow\n\n@mlflow.trace\ndef answer(question): ...\n\nanswer("What is a run?")'}
            />
          )}
        </Empty>
      )}
      {traces.length > 0 && <TraceTable traces={traces} show={(trace) => change({ trace })} />}
      <Group justify="center" mt="md">
        <More query={found} />
      </Group>
      <TraceDrawer workspace={workspace} trace={shown.trace} onClose={() => change({ trace: "" })} />
    </Page>
  );
}
