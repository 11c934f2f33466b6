import { Badge, Button, Group } from "@mantine/core";
import type { Assignment } from "@/api/roles";
import { Moment } from "@/components/Moment";
import { TablePanel } from "@/components/TablePanel";
import { isAbove, place } from "@/pages/access/place";

export function AssignmentTable({
  rows,
  scope,
  onRemove,
}: {
  rows: Assignment[];
  scope: string;
  /** Without it roles are only looked at. */
  onRemove: ((one: Assignment) => void) | null;
}) {
  return (
    <TablePanel label="Table of roles">
      <table className="plain">
        <thead>
          <tr>
            <th scope="col">Who</th>
            <th scope="col">Role</th>
            <th scope="col">Where</th>
            <th scope="col">Given</th>
            <th scope="col">
              <span className="only-read">Actions</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map((one) => {
            const above = isAbove(one.scope, scope);
            return (
              <tr key={one.assignment_id}>
                <td className="ellipsis" style={{ maxWidth: 260 }} title={one.principal}>
                  {one.principal}
                </td>
                <td style={{ minWidth: 170, maxWidth: 280 }}>
                  <Group gap={6} wrap="nowrap">
                    <span className="ellipsis" title={one.role}>
                      {one.role}
                    </span>
                    {!one.allow && (
                      <Badge color="red" variant="light" style={{ flex: "none" }}>
                        denied
                      </Badge>
                    )}
                  </Group>
                </td>
                <td style={{ minWidth: 240, maxWidth: 340 }} title={one.scope}>
                  <Group gap={6} wrap="nowrap">
                    <span className="ellipsis">{one.scope === scope ? "here" : place(one.scope)}</span>
                    {above && <Badge style={{ flex: "none" }}>inherited</Badge>}
                  </Group>
                </td>
                <td style={{ whiteSpace: "nowrap" }}>
                  <Moment ms={one.created_ms} />
                  {one.created_by && <span className="quiet"> by {one.created_by}</span>}
                </td>
                <td>
                  {onRemove && !above && (
                    <Button
                      variant="subtle"
                      size="compact-xs"
                      color="red"
                      aria-label={
                        one.allow
                          ? `Remove ${one.role} from ${one.principal}`
                          : `Remove the denial of ${one.role} from ${one.principal}`
                      }
                      onClick={() => onRemove(one)}
                    >
                      Remove
                    </Button>
                  )}
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </TablePanel>
  );
}
