import { Badge, Button, Title } from "@mantine/core";
import { IconPencil } from "@tabler/icons-react";
import { type ReactNode, useState } from "react";
import type { Compute, Limits } from "@/api/compute";
import { useMay } from "@/api/may";
import { Facts } from "@/components/Facts";
import { Moment } from "@/components/Moment";
import { duration } from "@/lib/format";
import { ComputeDialog } from "@/pages/compute/ComputeDialog";
import classes from "@/pages/compute/compute.module.css";
import { type Host, hostName, hostsOf, kindOf, LIMITS } from "@/pages/compute/kinds";

/** How a target is reached, and how much of it is used at once. */
export function Settings({ workspace, compute }: { workspace: string; compute: Compute }) {
  const write = useMay(workspace)("compute/write");
  const [editing, setEditing] = useState(false);
  return (
    <>
      {write && (
        <Button
          mb="sm"
          variant="default"
          leftSection={<IconPencil size={14} />}
          onClick={() => setEditing(true)}
        >
          Edit settings and limits
        </Button>
      )}
      <div className={classes.cards}>
        <Card title="Settings">
          <Facts facts={settingsOf(compute)} />
        </Card>
        <Card title="Limits">
          <Facts facts={limitsOf(compute)} />
        </Card>
      </div>
      <ComputeDialog
        workspace={workspace}
        open={editing}
        onClose={() => setEditing(false)}
        compute={compute}
      />
    </>
  );
}

function Card({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section className={`panel ${classes.card}`} aria-label={title}>
      <Title order={2} mb={8}>
        {title}
      </Title>
      {children}
    </section>
  );
}

function settingsOf(compute: Compute): [string, ReactNode][] {
  const kind = kindOf(compute.kind);
  const labels = new Map(kind.fields.map((field) => [field.name, field.label]));
  const kept = Object.entries(compute.has_credentials).filter(([, has]) => has);
  const hosts = hostsOf(compute.settings.hosts);
  return [
    ["Kind", kind.label],
    ["Size", compute.size],
    ["Compute target", compute.base],
    [labels.get("hosts") ?? "Machines", hosts.length > 0 ? <Hosts key="h" hosts={hosts} /> : ""],
    ...Object.entries(compute.settings)
      .filter(([name]) => name !== "hosts")
      .map(([name, value]): [string, ReactNode] => [labels.get(name) ?? name, shown(value)]),
    ["Kept secrets", kept.map(([name]) => name.replaceAll("_", " ")).join(", ")],
    ["Address of this server for its machines", compute.server_url],
    [
      "Tags",
      Object.keys(compute.tags).length > 0 ? (
        <span key="t">
          {Object.entries(compute.tags).map(([key, value]) => (
            <Badge key={key} mr={4}>
              {key}: {value}
            </Badge>
          ))}
        </span>
      ) : (
        ""
      ),
    ],
    [
      "Made",
      <span key="m">
        <Moment ms={compute.created_ms} /> <span className="quiet">by {compute.created_by}</span>
      </span>,
    ],
    ["Changed", compute.modified_ms > compute.created_ms ? <Moment key="c" ms={compute.modified_ms} /> : ""],
  ];
}

function Hosts({ hosts }: { hosts: readonly Host[] }) {
  return (
    <ul className={classes.hosts}>
      {hosts.map((host) => (
        <li key={hostName(host)}>
          {hostName(host)}
          <div className={`quiet ${classes.key}`}>
            {host.fingerprint || host.host_key || "its public key is learnt at the first connection"}
          </div>
        </li>
      ))}
    </ul>
  );
}

function limitsOf(compute: Compute): [string, ReactNode][] {
  const fields = LIMITS.filter((one) => compute.kind === "pool" || !one.pool);
  return [
    ...fields.map(({ name, label }): [string, ReactNode] => [
      label.replace(/, in seconds$/, ""),
      limitText(name, compute.limits[name] ?? 0),
    ]),
    ["Only for these groups", compute.groups.join(", ") || "all who may submit here"],
  ];
}

function limitText(name: keyof Limits, value: number): string {
  if (value === 0) return "no limit";
  return name.endsWith("seconds") ? duration(value * 1000) : value.toLocaleString("en-US");
}

function shown(value: unknown): string {
  if (value === null || value === undefined || value === "") return "";
  if (Array.isArray(value)) return value.map(String).join(", ");
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
