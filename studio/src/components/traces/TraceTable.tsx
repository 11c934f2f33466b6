/** Traces, newest first. */
import { Badge } from "@mantine/core";
import { IconCircleCheck, IconCircleX, IconLoader2 } from "@tabler/icons-react";
import { type Assessment, type TraceInfo, traceDuration, traceName } from "@/api/traces";
import { Moment } from "@/components/Moment";
import { TablePanel } from "@/components/TablePanel";
import classes from "@/components/traces/traces.module.css";
import { duration } from "@/lib/format";

export function TraceTable({
  traces,
  show,
}: {
  traces: readonly TraceInfo[];
  show: (trace: string) => void;
}) {
  return (
    <TablePanel label="Table of traces">
      <table className={`plain ${classes.table}`}>
        <thead>
          <tr>
            <th scope="col">When</th>
            <th scope="col">Name</th>
            <th scope="col">Asked</th>
            <th scope="col">Answered</th>
            <th scope="col">State</th>
            <th scope="col">Took</th>
            <th scope="col">Assessed</th>
          </tr>
        </thead>
        <tbody>
          {traces.map((one) => (
            <tr key={one.trace_id}>
              <td className={classes.narrow}>
                <Moment ms={Date.parse(one.request_time)} plain />
              </td>
              <td className={classes.name}>
                <div className="ellipsis" title={traceName(one) || one.trace_id}>
                  <button type="button" className="linklike" onClick={() => show(one.trace_id)}>
                    {traceName(one) || one.trace_id}
                  </button>
                </div>
              </td>
              <td className={classes.text}>
                <div className={classes.clamp}>{one.request_preview}</div>
              </td>
              <td className={classes.text}>
                <div className={classes.clamp}>{one.response_preview}</div>
              </td>
              <td className={classes.narrow}>
                <TraceState state={one.state} />
              </td>
              <td className={`numeric ${classes.narrow}`}>{duration(traceDuration(one))}</td>
              <td>
                <div className={classes.chips}>
                  {(one.assessments ?? []).slice(0, 3).map((said) => (
                    <Assessed key={said.assessment_id} said={said} />
                  ))}
                </div>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </TablePanel>
  );
}

const STATES = {
  OK: { word: "Done", icon: IconCircleCheck, style: classes.done },
  ERROR: { word: "Failed", icon: IconCircleX, style: classes.failed },
  IN_PROGRESS: { word: "Going on", icon: IconLoader2, style: classes.going },
};

export function TraceState({ state }: { state: TraceInfo["state"] }) {
  if (state === "STATE_UNSPECIFIED") return <span className="quiet">–</span>;
  const { word, icon: Icon, style } = STATES[state];
  return (
    <span className={`${classes.state} ${style}`}>
      <Icon size={15} aria-hidden />
      {word}
    </span>
  );
}

/** What somebody, a judge or a program said of it. */
export function Assessed({ said }: { said: Assessment }) {
  const value = said.expectation
    ? (said.expectation.value ?? said.expectation.serialized_value?.value)
    : (said.feedback?.value ?? said.feedback?.error?.error_message);
  const text = typeof value === "string" ? value : JSON.stringify(value ?? null);
  const who = [said.source?.source_type?.toLowerCase(), said.source?.source_id].filter(Boolean).join(" ");
  return (
    <Badge
      maw={220}
      title={[`${said.assessment_name}: ${text}`, who, said.rationale].filter(Boolean).join("\n")}
      style={said.valid === false ? { textDecoration: "line-through" } : {}}
    >
      {said.assessment_name}: {text}
    </Badge>
  );
}
