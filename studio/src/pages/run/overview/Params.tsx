/** What the run was started with. */
import { TextInput, Title } from "@mantine/core";
import { IconSearch } from "@tabler/icons-react";
import { useMemo, useState } from "react";
import type { KeyValue } from "@/api/experiments";
import { Copy } from "@/components/Copy";
import { finder } from "@/lib/chart-sections";
import { MoreRows } from "@/pages/run/overview/MetricTable";
import classes from "@/pages/run/run.module.css";

const FIRST = 100;
const FEW = 8;
const LONG = 600;

export function Params({ params }: { params: readonly KeyValue[] }) {
  const [find, setFind] = useState("");
  const [all, setAll] = useState(false);
  const wanted = useMemo(
    () => params.filter((one) => finder(find)(`${one.key} ${one.value}`)),
    [params, find],
  );
  const shown = all ? wanted : wanted.slice(0, FIRST);
  return (
    <section className={`panel ${classes.card}`} aria-label="Params">
      <div className={classes.cardHead}>
        <Title order={2}>Params</Title>
        {params.length > FEW && (
          <TextInput
            size="xs"
            aria-label="Find params"
            placeholder={`Find among ${params.length}`}
            leftSection={<IconSearch size={13} />}
            value={find}
            onChange={(event) => setFind(event.currentTarget.value)}
          />
        )}
        {params.length > 0 && (
          <Copy
            text={JSON.stringify(Object.fromEntries(params.map((one) => [one.key, one.value])), null, 2)}
            what="Copy all params as JSON"
          />
        )}
      </div>
      {params.length === 0 && <span className="quiet">No param was logged.</span>}
      {params.length > 0 && (
        <div className={classes.table}>
          <table className="plain">
            <thead>
              <tr>
                <th scope="col">Param</th>
                <th scope="col">Value</th>
              </tr>
            </thead>
            <tbody>
              {shown.map((one) => (
                <tr key={one.key}>
                  <td className={`ellipsis ${classes.key}`} title={one.key}>
                    {one.key}
                  </td>
                  <td className={classes.value}>
                    <LongText text={one.value} />
                  </td>
                </tr>
              ))}
              {shown.length === 0 && (
                <tr>
                  <td colSpan={2} className="quiet">
                    No param is called so or has such a value.
                  </td>
                </tr>
              )}
            </tbody>
          </table>
        </div>
      )}
      <MoreRows more={wanted.length - shown.length} show={() => setAll(true)} />
    </section>
  );
}

/** A text that may be long, cut until it is wanted whole. */
export function LongText({ text }: { text: string }) {
  const [whole, setWhole] = useState(false);
  if (text.length <= LONG || whole) return text || <span className="quiet">(empty)</span>;
  return (
    <>
      {text.slice(0, LONG)}…{" "}
      <button type="button" className="linklike" onClick={() => setWhole(true)}>
        show all
      </button>
    </>
  );
}
