/** What each kind of compute target needs: its fields, and which of them are secret. Pure. */
import type { Compute, Limits } from "@/api/compute";

/** text, number; lines: one value each; hosts: a machine on each line; secret ones are never shown again. */
export interface Field {
  name: string;
  label: string;
  kind?: "text" | "number" | "lines" | "hosts";
  secret?: boolean;
  /** Seldom needed: shown when asked for. */
  more?: boolean;
  /** A secret of several lines. */
  long?: boolean;
  required?: boolean;
  example?: string;
  help?: string;
}

export interface Kind {
  kind: string;
  label: string;
  about: string;
  fields: readonly Field[];
}

const FOLDER: Field = {
  name: "folder",
  more: true,
  label: "Folder for work",
  help: "Environments and what runs need lie there",
};
const PYTHON: Field = {
  name: "python",
  more: true,
  label: "Python that starts the runner",
  example: "python3",
  help: "3.8 or newer; environments may have others",
};
const KEYS: readonly Field[] = [
  {
    name: "private_key",
    label: "Private key",
    secret: true,
    long: true,
    example: "-----BEGIN OPENSSH PRIVATE KEY-----",
  },
  { name: "private_key_passphrase", label: "Passphrase of the key", secret: true },
  { name: "password", label: "Password", secret: true, help: "Instead of a key" },
];
const HOSTS: Field = {
  name: "hosts",
  label: "Machines",
  kind: "hosts",
  example: "gpu1.example.org\ngpu2.example.org:2222 ssh-ed25519 AAAA…",
  help: "One on each line, with a port and its public key if you know them. A key that is not given is learnt at the first connection, and then must stay the same",
};

export const KINDS: readonly Kind[] = [
  {
    kind: "ssh",
    label: "SSH",
    about:
      "One machine or several that the server reaches by SSH. Nothing must be installed there but Python.",
    fields: [
      { ...HOSTS, required: true },
      { name: "username", label: "User", required: true },
      ...KEYS,
      { ...FOLDER, example: "~/.runyard" },
      PYTHON,
      {
        name: "jobs_per_host",
        more: true,
        label: "Runs at once on each machine",
        kind: "number",
        example: "1",
      },
    ],
  },
  {
    kind: "slurm",
    label: "Slurm",
    about: "A cluster with Slurm, through one of its login nodes or on the server's own machine.",
    fields: [
      {
        ...HOSTS,
        label: "Login nodes",
        example: "login.example.org",
        help: "One on each line. None: sbatch is on the server's own machine",
      },
      { name: "username", label: "User", help: "On the login node" },
      ...KEYS,
      {
        ...FOLDER,
        more: false,
        example: "/shared/runyard",
        help: "One that all nodes see; ~/.runyard unless said",
      },
      PYTHON,
      { name: "partition", label: "Partition" },
      { name: "account", more: true, label: "Account" },
      { name: "qos", more: true, label: "Quality of service" },
      {
        name: "sbatch",
        more: true,
        label: "Further options of sbatch",
        kind: "lines",
        example: "--constraint=a100",
        help: "One on each line",
      },
      {
        name: "modules",
        more: true,
        label: "Modules to load",
        kind: "lines",
        example: "cuda/12.4",
        help: "One on each line",
      },
      {
        name: "slurm_conf",
        more: true,
        label: "Slurm's configuration",
        example: "/etc/slurm/slurm.conf",
        help: "Where its commands do not find it themselves",
      },
    ],
  },
  {
    kind: "ray",
    label: "Ray",
    about: "A Ray cluster that is there already, through its Jobs API.",
    fields: [
      { name: "address", label: "Address", required: true, example: "http://127.0.0.1:8265" },
      {
        name: "authorization",
        more: true,
        label: "Authorization header",
        secret: true,
        help: "Where something before the cluster asks for one",
        example: "Bearer …",
      },
      { ...FOLDER, example: "~/.runyard" },
      PYTHON,
    ],
  },
  {
    kind: "local",
    label: "This server's machine",
    about:
      "Runs on the machine of the server itself. A server that asks people to log in allows it only when its administrator does.",
    fields: [
      FOLDER,
      PYTHON,
      {
        name: "user",
        more: true,
        label: "Run as this user of the machine",
        help: "Only where the server runs as root",
      },
      {
        name: "jobs_at_once",
        more: true,
        label: "Runs at once",
        kind: "number",
        help: "Empty: as many as it has processors",
      },
    ],
  },
  {
    kind: "pool",
    label: "Pool of a size",
    about:
      "Machines of one size of a compute target, with limits of its own: what scripts for Azure ML call an AmlCompute cluster.",
    fields: [],
  },
];

export const kindOf = (kind: string): Kind =>
  KINDS.find((one) => one.kind === kind) ?? { kind, label: kind, about: "", fields: [] };

export interface LimitField {
  name: keyof Limits;
  label: string;
  help?: string;
  /** Only of pools. */
  pool?: boolean;
}

export const LIMITS: readonly LimitField[] = [
  { name: "max_running", label: "Running at once" },
  { name: "max_running_per_person", label: "Running at once, of one person" },
  { name: "max_queued_per_person", label: "Waiting, of one person", help: "Further ones are refused" },
  { name: "max_seconds", label: "Longest time of a run, in seconds" },
  { name: "max_nodes", label: "Most nodes", pool: true },
  { name: "min_nodes", label: "Fewest nodes", pool: true, help: "Kept for scripts that ask; nothing idles" },
  { name: "idle_seconds", label: "Idle seconds before a node goes", pool: true },
];

export interface Host {
  address: string;
  port?: number;
  host_key?: string;
  fingerprint?: string;
}

export const hostsOf = (value: unknown): Host[] =>
  (Array.isArray(value) ? value : []).filter(
    (one): one is Host => typeof one === "object" && one !== null && typeof one.address === "string",
  );

export const hostName = ({ address, port }: Host): string =>
  port === undefined || port === 22 ? address : `${address.includes(":") ? `[${address}]` : address}:${port}`;

/** Where a target is, in one line. */
export function whereIs(compute: Pick<Compute, "kind" | "settings" | "base" | "size">): string {
  const at = (name: string) => String(compute.settings[name] ?? "");
  const hosts = hostsOf(compute.settings.hosts);
  const first = hosts[0] ? hostName(hosts[0]) : "";
  const user = at("username") && first ? `${at("username")}@` : "";
  const more = hosts.length > 1 ? ` and ${hosts.length - 1} more` : "";
  switch (compute.kind) {
    case "local":
      return at("folder");
    case "ssh":
      return `${user}${first}${more}`;
    case "slurm":
      return [
        first ? `${user}${first}${more}` : "the server's machine",
        at("partition") && `partition ${at("partition")}`,
      ]
        .filter(Boolean)
        .join(", ");
    case "ray":
      return at("address");
    case "pool":
      return compute.base ? `${compute.size} of ${compute.base}` : `${compute.size} of the server's machine`;
    default:
      return "";
  }
}
