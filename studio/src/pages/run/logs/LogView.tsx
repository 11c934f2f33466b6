/** One log. */
import { ActionIcon, Button, Switch, TextInput, Tooltip } from "@mantine/core";
import { IconArrowDown, IconArrowUp, IconDownload, IconSearch } from "@tabler/icons-react";
import { type ReactNode, useDeferredValue, useMemo, useRef, useState } from "react";
import type { LogReader } from "@/api/logs";
import { useShortcuts } from "@/app/shortcuts";
import { useSay } from "@/components/notices";
import { Broken, Waiting } from "@/components/states";
import { plain } from "@/lib/ansi";
import { download } from "@/lib/config-file";
import { nameOf } from "@/lib/file-kind";
import { bytes } from "@/lib/format";
import { LogLines } from "@/pages/run/logs/LogLines";
import classes from "@/pages/run/logs/logs.module.css";
import { useLog } from "@/pages/run/logs/use-log";

interface LogProps {
  /** The same one as long as it is the same log. */
  reader: LogReader;
  /** Where the browser saves it from; or all of it, where there is no such address. */
  download: string | (() => Promise<Blob>);
  name: string;
  going: boolean;
  version: number;
  choice: ReactNode;
}

export function LogView({ reader, download: from, name, going, version, choice }: LogProps) {
  const log = useLog(reader, going, version);
  const [find, setFind] = useState("");
  const [only, setOnly] = useState(false);
  const [wrap, setWrap] = useState(true);
  const [follow, setFollow] = useState(true);
  const [at, setAt] = useState(0);
  const field = useRef<HTMLInputElement>(null);
  useShortcuts([{ keys: "/", does: "Search the log", run: () => field.current?.focus() }]);
  const wanted = useDeferredValue(find.toLowerCase());
  const { lines } = log;
  const matches = useMemo(() => {
    if (wanted === "") return [];
    return lines.flatMap((line, i) => (plain(line).toLowerCase().includes(wanted) ? [i] : []));
  }, [lines, wanted]);
  const places = only && wanted !== "" ? matches : null;
  const place = matches.length > 0 ? ((at % matches.length) + matches.length) % matches.length : 0;
  const step = (by: number) => {
    if (matches.length === 0) return;
    setFollow(false);
    setAt(place + by);
  };
  if (log.error && lines.length === 0) return <Broken error={log.error} again={log.look} />;
  return (
    <section className={`panel ${classes.log}`} aria-label={`Log ${name}`}>
      <div className={classes.bar}>
        {choice}
        <TextInput
          ref={field}
          size="xs"
          aria-label="Search the log"
          placeholder="Search"
          leftSection={<IconSearch size={13} />}
          value={find}
          onChange={(event) => {
            setFind(event.currentTarget.value);
            setAt(0);
            setFollow(event.currentTarget.value === "");
          }}
          onKeyDown={(event) => {
            if (event.key === "Enter") step(event.shiftKey ? -1 : 1);
            if (event.key === "Escape") setFind("");
          }}
        />
        <span className={`quiet numeric ${classes.count}`} role="status">
          {wanted !== "" && (matches.length === 0 ? "None" : `${place + 1} of ${matches.length}`)}
        </span>
        <ActionIcon aria-label="Match before" disabled={matches.length === 0} onClick={() => step(-1)}>
          <IconArrowUp size={15} />
        </ActionIcon>
        <ActionIcon aria-label="Match after" disabled={matches.length === 0} onClick={() => step(1)}>
          <IconArrowDown size={15} />
        </ActionIcon>
        <Switch
          size="xs"
          label="Only matches"
          checked={only}
          onChange={(event) => setOnly(event.currentTarget.checked)}
        />
        <Switch
          size="xs"
          label="Wrap"
          checked={wrap}
          onChange={(event) => setWrap(event.currentTarget.checked)}
        />
        <Switch
          size="xs"
          label="Follow"
          checked={follow}
          onChange={(event) => setFollow(event.currentTarget.checked)}
        />
        <Download from={from} name={nameOf(name)} />
      </div>
      {log.waiting ? (
        <Waiting label="Loading the log" />
      ) : (
        <LogLines
          lines={lines}
          places={places}
          wanted={wanted}
          current={matches[place] ?? null}
          wrap={wrap}
          follow={follow}
          onLeave={() => setFollow(false)}
          name={name}
        />
      )}
      <div className={classes.foot}>
        <span className="numeric">
          {lines.length.toLocaleString("en-US")} lines
          {log.start > 0 ? `, the last ${bytes(log.end - log.start)} of ${bytes(log.end)}` : ""}
        </span>
        {log.start > 0 && (
          <>
            <Button size="compact-xs" variant="default" onClick={() => log.earlier(false)}>
              Earlier lines
            </Button>
            <Button size="compact-xs" variant="default" onClick={() => log.earlier(true)}>
              All lines
            </Button>
          </>
        )}
        {going && <span>The run goes on: new lines appear here.</span>}
        {log.error !== null && <span role="alert">{String(log.error)}</span>}
      </div>
    </section>
  );
}

function Download({ from, name }: { from: string | (() => Promise<Blob>); name: string }) {
  const say = useSay();
  const [busy, setBusy] = useState(false);
  const icon = <IconDownload size={15} />;
  if (typeof from === "string")
    return (
      <Tooltip label="Download">
        <ActionIcon component="a" href={from} download={name} aria-label="Download the log">
          {icon}
        </ActionIcon>
      </Tooltip>
    );
  const save = async () => {
    setBusy(true);
    try {
      download(name, await from());
    } catch (error) {
      say.error(error);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Tooltip label="Download what is there now">
      <ActionIcon loading={busy} onClick={save} aria-label="Download the log">
        {icon}
      </ActionIcon>
    </Tooltip>
  );
}
