import { Button } from "@mantine/core";
import {
  IconListDetails,
  IconListNumbers,
  IconPlayerPause,
  IconPlayerPlay,
  IconRefresh,
  IconRuler2,
  IconServer2,
  IconSettings,
} from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { type Compute, computeQuery } from "@/api/compute";
import { useMay } from "@/api/may";
import { useShortcuts } from "@/app/shortcuts";
import { useLiveJobs } from "@/components/jobs/use-job-changes";
import { Moment } from "@/components/Moment";
import { Page } from "@/components/Page";
import { Broken, Waiting } from "@/components/states";
import { TabRow } from "@/components/TabRow";
import { ComputeMenu } from "@/pages/compute/ComputeMenu";
import { ComputeState } from "@/pages/compute/ComputeState";
import classes from "@/pages/compute/compute.module.css";
import { kindOf, whereIs } from "@/pages/compute/kinds";
import { Nodes } from "@/pages/compute/Nodes";
import { Queue } from "@/pages/compute/Queue";
import { Runs } from "@/pages/compute/Runs";
import { Settings } from "@/pages/compute/Settings";
import { Sizes } from "@/pages/compute/Sizes";
import { TABS, type Tab } from "@/pages/compute/search";
import { problemOf } from "@/pages/compute/TargetList";
import { OFTEN_MS } from "@/pages/compute/use-compute";
import { useTurn } from "@/pages/compute/use-turn";

const LOOKS = {
  nodes: { text: "Nodes", icon: IconServer2 },
  queue: { text: "Queue", icon: IconListNumbers },
  runs: { text: "Runs", icon: IconListDetails },
  settings: { text: "Settings", icon: IconSettings },
  sizes: { text: "Sizes", icon: IconRuler2 },
};

/** A compute target: its machines, what waits for them, what ran there, and how it is set up. */
export function OneCompute({
  workspace,
  name,
  tab,
  go,
}: {
  workspace: string;
  name: string;
  tab: Tab;
  go: (tab: Tab) => void;
}) {
  const found = useQuery({ ...computeQuery(workspace, name), refetchInterval: OFTEN_MS });
  const navigate = useNavigate();
  const write = useMay(workspace)("compute/write");
  useLiveJobs(workspace);
  const compute = found.data;
  const tabs = TABS.filter((one) => one !== "sizes" || compute?.kind !== "pool");
  const { turn, busy } = useTurn(workspace, { name });
  useShortcuts([
    ...tabs.map((one, i) => ({
      keys: String(i + 1),
      does: `${LOOKS[one].text} of the target`,
      run: () => go(one),
    })),
    ...(write ? [{ keys: "c", does: "Check the target", run: () => void turn("check") }] : []),
  ]);
  const crumbs = [{ text: "Compute", to: `/workspaces/${encodeURIComponent(workspace)}/compute` }];
  if (!compute)
    return (
      <Page title={name} crumbs={crumbs}>
        {found.isError ? (
          <Broken error={found.error} again={() => found.refetch()} />
        ) : (
          <Waiting label="Loading the compute target" />
        )}
      </Page>
    );
  const chosen = tabs.includes(tab) ? tab : "nodes";
  const stopped = compute.state === "Stopped";
  return (
    <Page
      title={compute.name}
      crumbs={crumbs}
      beside={<ComputeState state={compute.state} />}
      actions={
        write && (
          <>
            <Button
              variant="default"
              leftSection={<IconRefresh size={15} />}
              loading={busy === "check"}
              onClick={() => turn("check")}
            >
              Check
            </Button>
            <Button
              variant="default"
              leftSection={stopped ? <IconPlayerPlay size={15} /> : <IconPlayerPause size={15} />}
              loading={busy === "start" || busy === "stop"}
              onClick={() => turn(stopped ? "start" : "stop")}
            >
              {stopped ? "Start" : "Stop"}
            </Button>
            <ComputeMenu
              workspace={workspace}
              compute={compute}
              onGone={() =>
                navigate({ to: "/workspaces/$workspace/compute", params: { workspace }, search: {} })
              }
            />
          </>
        )
      }
    >
      <Head compute={compute} />
      <TabRow label="Parts of the compute target" names={tabs} looks={LOOKS} chosen={chosen} go={go} />
      <div role="tabpanel" aria-label={LOOKS[chosen].text} className={classes.tab}>
        {chosen === "nodes" && <Nodes workspace={workspace} compute={compute} write={write} />}
        {chosen === "queue" && <Queue workspace={workspace} compute={compute} />}
        {chosen === "runs" && <Runs workspace={workspace} compute={compute} />}
        {chosen === "settings" && <Settings workspace={workspace} compute={compute} />}
        {chosen === "sizes" && <Sizes workspace={workspace} compute={compute} write={write} />}
      </div>
    </Page>
  );
}

function Head({ compute }: { compute: Compute }) {
  const problem = problemOf(compute);
  return (
    <>
      <p className={`quiet ${classes.about}`} style={{ overflowWrap: "anywhere" }}>
        {[kindOf(compute.kind).label, whereIs(compute), compute.description].filter(Boolean).join(" · ")}
        {compute.checked_ms !== null && (
          <>
            {" · asked "}
            <Moment ms={compute.checked_ms} />
          </>
        )}
      </p>
      {problem && (
        <div className={`panel ${classes.notice}`} role="status">
          {problem}
          {compute.state === "Unreachable" && (
            <div className="quiet">It is asked again by itself; runs wait until then.</div>
          )}
        </div>
      )}
      <div className={classes.figures}>
        <Figure name="Handed over" figure={compute.counts.running} most={compute.limits.max_running ?? 0} />
        <Figure name="Waiting" figure={compute.counts.queued} most={0} />
        <Figure name="Nodes" figure={compute.nodes.length} most={compute.limits.max_nodes ?? 0} />
      </div>
    </>
  );
}

function Figure({ name, figure, most }: { name: string; figure: number; most: number }) {
  return (
    <div className={`panel ${classes.figure}`}>
      <b>
        {figure.toLocaleString("en-US")}
        {most > 0 && <span className="quiet"> of {most.toLocaleString("en-US")}</span>}
      </b>
      <span className="quiet">{name}</span>
    </div>
  );
}
