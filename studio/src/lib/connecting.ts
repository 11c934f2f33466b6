/** What a person pastes to connect a client. Pure. */

export interface Way {
  name: string;
  text: string;
  note: string;
}

/** The address of a workspace for MLflow's clients. */
export const trackingUri = (server: string, workspace: string): string =>
  `${server}/workspaces/${encodeURIComponent(workspace)}`;

/** The same for the durable plugin: it takes http on this machine and https elsewhere unless told. */
export function durableUri(server: string, workspace: string): string {
  const url = new URL(trackingUri(server, workspace));
  const here = /^(localhost|127\.|\[::1\])/.test(url.host);
  const tls = url.protocol === "https:";
  const told = tls === here ? `?tls=${tls ? "on" : "off"}` : "";
  return `runyard://${url.host}${url.pathname}${told}`;
}

export function ways(server: string, workspace: string): Way[] {
  const plain = trackingUri(server, workspace);
  const durable = durableUri(server, workspace);
  return [
    {
      name: "MLflow",
      note: "Any MLflow client, unchanged. With Runyard installed beside it, runyard:// logs through a journal that survives outages.",
      text: `export MLFLOW_TRACKING_URI=${plain}\n# or, durable: export MLFLOW_TRACKING_URI=${durable}\npython train.py`,
    },
    {
      name: "SDK",
      note: "Reads the config.json of this page from the script's folder.",
      text: `from runyard import Experiment, Workspace\n\nws = Workspace.from_config()\nrun = Experiment(ws, "first").start_logging()\nrun.log("loss", 0.1)\nrun.complete()`,
    },
    {
      name: "Command line",
      note: "Ties a folder to the workspace, then lists its runs.",
      text: `export RUNYARD_SERVER=${server}\nrunyard folder attach -w ${shell(workspace)}\nrunyard run list`,
    },
    {
      name: "Any program",
      note: "Starts a script with all set: output, exit code, packages and git state are kept with the run.",
      text: `export RUNYARD_SERVER=${server}\nrunyard folder attach -w ${shell(workspace)}\nrunyard exec -e first -- python train.py`,
    },
  ];
}

function shell(text: string): string {
  return /^[\w./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
