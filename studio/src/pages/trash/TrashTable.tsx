import { Button, Checkbox } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { type TrashItem, trashSizeQuery } from "@/api/trash";
import { Moment } from "@/components/Moment";
import { bytes, count } from "@/lib/format";

const COUNTED = 20;
const WORDS = { experiment: "Experiment", run: "Run", model: "Logged model" };

export function TrashTable({
  workspace,
  rows,
  chosen,
  onChoose,
}: {
  workspace: string;
  rows: TrashItem[];
  chosen: TrashItem[];
  onChoose: (items: TrashItem[]) => void;
}) {
  const isChosen = (item: TrashItem) => chosen.some((one) => one.kind === item.kind && one.id === item.id);
  const toggle = (item: TrashItem) =>
    onChoose(
      isChosen(item)
        ? chosen.filter((one) => one.kind !== item.kind || one.id !== item.id)
        : [...chosen, item],
    );
  return (
    <div className="panel" style={{ overflowX: "auto" }}>
      <table className="plain">
        <thead>
          <tr>
            <th scope="col">
              <Checkbox
                size="xs"
                aria-label="Choose all that are shown"
                checked={chosen.length === rows.length}
                indeterminate={chosen.length > 0 && chosen.length < rows.length}
                onChange={() => onChoose(chosen.length === rows.length ? [] : rows)}
              />
            </th>
            <th scope="col">What</th>
            <th scope="col">Name</th>
            <th scope="col">In</th>
            <th scope="col">Deleted</th>
            <th scope="col">By</th>
            <th scope="col">Files</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((one, i) => (
            <tr key={`${one.kind} ${one.id}`}>
              <td>
                <Checkbox
                  size="xs"
                  aria-label={`Choose ${one.name || one.id}`}
                  checked={isChosen(one)}
                  onChange={() => toggle(one)}
                />
              </td>
              <td>{WORDS[one.kind]}</td>
              <td className="ellipsis" style={{ maxWidth: 320 }} title={one.name}>
                {one.name || one.id}
              </td>
              <td className="ellipsis" style={{ maxWidth: 240 }} title={one.experiment_name}>
                {one.kind === "experiment" ? "" : one.experiment_name}
              </td>
              <td style={{ whiteSpace: "nowrap" }}>
                <Moment ms={one.deleted_ms} />
              </td>
              <td>{one.deleted_by}</td>
              <td style={{ whiteSpace: "nowrap" }}>
                <Size workspace={workspace} item={one} atOnce={i < COUNTED} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** It takes a listing of the files: further down the list it is counted when somebody asks. */
function Size({ workspace, item, atOnce }: { workspace: string; item: TrashItem; atOnce: boolean }) {
  const [asked, setAsked] = useState(atOnce);
  const { data, error } = useQuery({ ...trashSizeQuery(workspace, item), enabled: asked });
  if (data)
    return (
      <span className="numeric">
        {data.whole ? "" : "over "}
        {bytes(data.bytes)} in {count(data.files)}
      </span>
    );
  if (error) return <span title={error.message}>not known</span>;
  return (
    <Button
      variant="subtle"
      size="compact-xs"
      loading={asked}
      onClick={() => setAsked(true)}
      aria-label={`Count the bytes of ${item.name}`}
    >
      Count
    </Button>
  );
}
