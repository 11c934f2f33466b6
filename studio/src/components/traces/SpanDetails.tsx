/** What went into a span, what came out, what else it told. */
import type { ReactNode } from "react";
import { Code } from "@/components/artifacts/previews/TextPreview";
import { Copy } from "@/components/Copy";
import { Facts } from "@/components/Facts";
import classes from "@/components/traces/traces.module.css";
import { duration } from "@/lib/format";
import type { Span, SpanEvent } from "@/lib/spans";

export function SpanDetails({ span }: { span: Span }) {
  return (
    <section className={`panel ${classes.details}`} aria-label={`Span ${span.name}`}>
      <h3 className="ellipsis" title={span.name}>
        {span.name || "(no name)"}
      </h3>
      <p className="quiet numeric">
        after {duration(span.startMs) || "0 ms"}
        {span.durationMs !== null && `, took ${duration(span.durationMs)}`}
      </p>
      {span.failed && <p className={classes.failed}>{span.message || "It failed."}</p>}
      <Value title="Inputs" value={span.inputs} />
      <Value title="Outputs" value={span.outputs} />
      {span.events.map((event, i) => (
        <Event key={String(i)} event={event} />
      ))}
      {span.attributes.length > 0 && (
        <Part title="Attributes">
          <Facts
            facts={span.attributes.map(([key, value]) => [
              key,
              <span key={key} className={classes.value}>
                {textOf(value)}
              </span>,
            ])}
          />
        </Part>
      )}
    </section>
  );
}

const textOf = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value));

function Part({ title, beside, children }: { title: string; beside?: ReactNode; children: ReactNode }) {
  return (
    <section aria-label={title} className={classes.part}>
      <h4>
        {title}
        {beside}
      </h4>
      {children}
    </section>
  );
}

function Value({ title, value }: { title: string; value: unknown }) {
  if (value === undefined || value === null) return null;
  const text = typeof value === "string" ? value : JSON.stringify(value, null, 2);
  return (
    <Part title={title} beside={<Copy text={text} what={`Copy ${title.toLowerCase()}`} />}>
      <div className={classes.code}>
        <Code text={text} language={typeof value === "string" ? null : "json"} wrap />
      </div>
    </Part>
  );
}

/** Exceptions tell where they were raised. */
function Event({ event }: { event: SpanEvent }) {
  const trace = event.attributes["exception.stacktrace"];
  const rest = Object.entries(event.attributes).filter(([key]) => key !== "exception.stacktrace");
  return (
    <Part title={`${event.name || "Event"}, after ${duration(event.ms) || "0 ms"}`}>
      <Facts
        facts={rest.map(([key, value]) => [
          key,
          <span key={key} className={classes.value}>
            {textOf(value)}
          </span>,
        ])}
      />
      {typeof trace === "string" && (
        <div className={classes.code}>
          <Code text={trace} language="python" wrap />
        </div>
      )}
    </Part>
  );
}
