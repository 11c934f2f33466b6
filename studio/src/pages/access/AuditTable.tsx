import { Badge } from "@mantine/core";
import type { AuditLine } from "@/api/audit";
import { TablePanel } from "@/components/TablePanel";
import { moment } from "@/lib/format";
import classes from "@/pages/access/access.module.css";

export function AuditTable({ rows, everywhere }: { rows: AuditLine[]; everywhere: boolean }) {
  return (
    <TablePanel label="Table of the audit log">
      <table className="plain">
        <thead>
          <tr>
            <th scope="col">When</th>
            <th scope="col">Who</th>
            <th scope="col">Action</th>
            <th scope="col">What</th>
            {everywhere && <th scope="col">Workspace</th>}
            <th scope="col">Outcome</th>
            <th scope="col">From</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((line) => (
            <tr key={line.id}>
              <td style={{ whiteSpace: "nowrap" }}>{moment(line.at_ms)}</td>
              <td
                className="ellipsis"
                style={{ maxWidth: 200 }}
                title={`${line.principal}, ${line.credential}`}
              >
                {line.principal}
              </td>
              <td>
                <code>{line.action}</code>
              </td>
              <td className={classes.target}>
                {Object.entries(line.target)
                  .map(([name, value]) => `${name}: ${value}`)
                  .join(", ")}
              </td>
              {everywhere && (
                <td className="ellipsis" style={{ maxWidth: 160 }} title={line.workspace}>
                  {line.workspace}
                </td>
              )}
              <td>{line.status < 400 ? line.outcome : <Badge color="red">{line.outcome}</Badge>}</td>
              <td className="quiet">{line.remote}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </TablePanel>
  );
}
