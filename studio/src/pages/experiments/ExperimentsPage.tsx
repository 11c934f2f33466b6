import { Button, SegmentedControl, Select, TextInput } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { IconFlask, IconPlus, IconSearch, IconTag } from "@tabler/icons-react";
import { useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useRef, useState } from "react";
import { experimentsQuery } from "@/api/experiments";
import { useLive } from "@/api/live";
import { useShortcuts } from "@/app/shortcuts";
import { CodeToCopy } from "@/components/Copy";
import { More } from "@/components/More";
import { Page } from "@/components/Page";
import { PageTabs } from "@/components/PageTabs";
import { Broken, Empty, Waiting } from "@/components/states";
import { trackingUri } from "@/lib/connecting";
import { ExperimentTable } from "@/pages/experiments/ExperimentTable";
import classes from "@/pages/experiments/experiments.module.css";
import { NewExperiment } from "@/pages/experiments/NewExperiment";
import {
  ARCHIVED,
  addressOf,
  type Order,
  type Shown,
  searchOf,
  shownOf,
  type View,
} from "@/pages/experiments/search";

const ROUTE = "/inside/workspaces/$workspace/experiments";

/** All experiments of a workspace. */
export function ExperimentsPage() {
  const { workspace } = useParams({ from: ROUTE });
  const shown = shownOf(useSearch({ from: ROUTE }));
  const navigate = useNavigate({ from: "/workspaces/$workspace/experiments" });
  const client = useQueryClient();
  const field = useRef<HTMLInputElement>(null);
  const [making, setMaking] = useState(false);
  const found = useInfiniteQuery({
    ...experimentsQuery(workspace, searchOf(shown)),
    placeholderData: (before) => before,
  });
  const show = (changed: Partial<Shown>) =>
    navigate({ search: addressOf({ ...shown, ...changed }), replace: true });
  const type = useDebouncedCallback(show, 200);
  useLive(workspace, (change) => {
    if (change.type !== "runs") client.invalidateQueries({ queryKey: ["experiments", workspace] });
  });
  useShortcuts([{ keys: "/", does: "Search experiments by name", run: () => field.current?.focus() }]);
  const all = found.data?.pages.flatMap((page) => page.experiments ?? []) ?? [];
  const rows =
    shown.view === "active"
      ? all.filter((one) => !one.tags?.some((tag) => tag.key === ARCHIVED && tag.value === "true"))
      : all;
  return (
    <Page
      title="Experiments"
      actions={
        <Button leftSection={<IconPlus size={15} />} onClick={() => setMaking(true)}>
          New experiment
        </Button>
      }
    >
      <PageTabs
        tabs={[
          { text: "All experiments", to: "/workspaces/$workspace/experiments" },
          { text: "All runs", to: "/workspaces/$workspace/runs" },
        ]}
        params={{ workspace }}
      />
      <search className={classes.bar}>
        <TextInput
          ref={field}
          aria-label="Search by name"
          placeholder="Search by name"
          leftSection={<IconSearch size={15} />}
          defaultValue={shown.q}
          onChange={(event) => type({ q: event.currentTarget.value })}
        />
        <TextInput
          aria-label="Tag, as key or key=value"
          placeholder="Tag, as key or key=value"
          leftSection={<IconTag size={15} />}
          defaultValue={shown.tag}
          onChange={(event) => type({ tag: event.currentTarget.value })}
        />
        <SegmentedControl
          aria-label="Which experiments"
          value={shown.view}
          onChange={(view) => show({ view: view as View })}
          data={[
            { value: "active", label: "Active" },
            { value: "archived", label: "Archived" },
            { value: "deleted", label: "Deleted" },
          ]}
        />
        <Select
          aria-label="Order"
          value={shown.order}
          allowDeselect={false}
          onChange={(order) => show({ order: (order ?? "changed") as Order })}
          data={[
            { value: "changed", label: "Changed last" },
            { value: "newest", label: "Newest first" },
            { value: "oldest", label: "Oldest first" },
            { value: "name", label: "By name" },
          ]}
        />
      </search>
      {found.isPending && <Waiting label="Loading experiments" />}
      {found.isError && <Broken error={found.error} again={() => found.refetch()} />}
      {found.data && rows.length > 0 && <ExperimentTable workspace={workspace} rows={rows} />}
      {found.data && rows.length === 0 && !found.hasNextPage && (
        <Nothing workspace={workspace} shown={shown} />
      )}
      <div className={classes.more}>
        <More query={found} />
      </div>
      <NewExperiment workspace={workspace} open={making} onClose={() => setMaking(false)} />
    </Page>
  );
}

function Nothing({ workspace, shown }: { workspace: string; shown: Shown }) {
  const icon = <IconFlask size={28} aria-hidden />;
  if (shown.q || shown.tag) return <Empty title="No experiment fits" icon={icon} />;
  if (shown.view === "archived")
    return (
      <Empty title="Nothing is archived" icon={icon}>
        Archive an experiment to take it out of the list; its runs stay.
      </Empty>
    );
  if (shown.view === "deleted") return <Empty title="Nothing is deleted" icon={icon} />;
  return (
    <Empty title="No experiment yet" icon={icon}>
      <p>The first run makes one. In a shell:</p>
      <CodeToCopy
        text={`export MLFLOW_TRACKING_URI=${trackingUri(location.origin, workspace)}\npython -c "import mlflow; mlflow.set_experiment('first'); mlflow.log_metric('loss', 0.1)"`}
      />
    </Empty>
  );
}
