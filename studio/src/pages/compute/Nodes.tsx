import { IconServer2 } from "@tabler/icons-react";
import type { Compute } from "@/api/compute";
import { Empty } from "@/components/states";

/** The machines as the target told of them last. */
export function Nodes({ compute }: { compute: Compute }) {
  if (compute.nodes.length === 0)
    return (
      <Empty title="No machine is known" icon={<IconServer2 size={28} aria-hidden />}>
        {compute.checked_ms === null
          ? "The target was not asked yet. Press Check."
          : "The target told of none when it was asked last."}
      </Empty>
    );
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <section className="panel" style={{ overflowX: "auto" }} aria-label="Nodes" tabIndex={0}>
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
              <td style={{ whiteSpace: "nowrap" }}>{node.state}</td>
              <td className="numeric">{node.running || <span className="quiet">–</span>}</td>
              <td className="numeric">{node.cpus || ""}</td>
              <td className="numeric" style={{ whiteSpace: "nowrap" }}>
                {memory(node.memory_mb)}
              </td>
              <td className="numeric">{node.gpus || <span className="quiet">–</span>}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

const memory = (mb: number): string =>
  mb === 0
    ? ""
    : mb >= 1024
      ? `${Number((mb / 1024).toPrecision(3)).toLocaleString("en-US")} GiB`
      : `${mb} MiB`;
