import { IconServer2 } from "@tabler/icons-react";
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { type Compute, computeQuery, turnCompute } from "@/api/compute";
import { Empty } from "@/components/states";
import { TablePanel } from "@/components/TablePanel";

/** A target is asked anew when its machines are looked at, unless it was a moment ago. */
const FRESH_MS = 60_000;

/** The machines as the target told of them last. */
export function Nodes({
  workspace,
  compute,
  write,
}: {
  workspace: string;
  compute: Compute;
  write: boolean;
}) {
  useAsked(workspace, compute, write);
  const away = compute.state === "Unreachable";
  if (compute.nodes.length === 0)
    return (
      <Empty title="No machine is known" icon={<IconServer2 size={28} aria-hidden />}>
        {compute.checked_ms === null
          ? "The target was not asked yet. Press Check."
          : "The target told of none when it was asked last."}
      </Empty>
    );
  return (
    <TablePanel label="Nodes">
      <table className="plain">
        <thead>
          <tr>
            <th scope="col">Name</th>
            <th scope="col">State</th>
            <th scope="col">Runs</th>
            <th scope="col">CPUs</th>
            <th scope="col">Memory</th>
            <th scope="col">GPUs</th>
          </tr>
        </thead>
        <tbody>
          {compute.nodes.map((node) => (
            <tr key={node.name}>
              <td style={{ overflowWrap: "anywhere" }}>{node.name}</td>
              <td style={{ whiteSpace: "nowrap" }}>{away ? "not known" : node.state}</td>
              <td className="numeric">{(!away && node.running) || <span className="quiet">–</span>}</td>
              <td className="numeric">{node.cpus || ""}</td>
              <td className="numeric" style={{ whiteSpace: "nowrap" }}>
                {memory(node.memory_mb)}
              </td>
              <td className="numeric">{node.gpus || <span className="quiet">–</span>}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </TablePanel>
  );
}

/** Who may only read sees what was told to others. */
function useAsked(workspace: string, { name, state, checked_ms }: Compute, may: boolean) {
  const client = useQueryClient();
  const wanted = may && state === "Running" && Date.now() - (checked_ms ?? 0) > FRESH_MS;
  const tried = useRef("");
  useEffect(() => {
    if (!wanted || tried.current === name) return;
    tried.current = name;
    turnCompute(workspace, name, "check").then(
      (answer) => client.setQueryData(computeQuery(workspace, name).queryKey, answer),
      () => undefined, // what was told before stays, with its time
    );
  }, [client, workspace, name, wanted]);
}

const memory = (mb: number): string =>
  mb === 0
    ? ""
    : mb >= 1024
      ? `${Number((mb / 1024).toPrecision(3)).toLocaleString("en-US")} GiB`
      : `${mb} MiB`;
