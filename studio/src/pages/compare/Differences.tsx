/** Params, metrics and tags of the runs: a few runs beside one another, many below one another. */
import { CloseButton, Switch, TextInput } from "@mantine/core";
import { IconSearch } from "@tabler/icons-react";
import { useMemo, useRef } from "react";
import { useShortcuts } from "@/app/shortcuts";
import { Empty } from "@/components/states";
import { type LineKind, wantedLines } from "@/lib/compare-lines";
import { Below } from "@/pages/compare/Below";
import { Beside } from "@/pages/compare/Beside";
import classes from "@/pages/compare/compare.module.css";
import { KIND_NAMES, linesOf } from "@/pages/compare/lines";
import { type ChangeSearch, type CompareSearch, KINDS } from "@/pages/compare/search";
import { type Compared, type ComparedRun, MOST_BESIDE } from "@/pages/compare/use-compared";

export interface DifferencesProps {
  workspace: string;
  compared: Compared;
  search: CompareSearch;
  change: ChangeSearch;
  experimentName: (id: string) => string;
  remove: (run: ComparedRun) => void;
}

export function Differences(props: DifferencesProps) {
  const { compared, search, change, experimentName } = props;
  const field = useRef<HTMLInputElement>(null);
  const turned = useMemo(() => new Set(search.turned), [search.turned]);
  const lines = useMemo(() => linesOf(compared, turned, experimentName), [compared, turned, experimentName]);
  const several = compared.runs.length > 1;
  const wanted = useMemo(() => {
    const kinds = new Set(KINDS.filter((one) => !search.without.includes(one)));
    return wantedLines(lines, { only: search.only && several, find: search.find, kinds });
  }, [lines, search.only, several, search.find, search.without]);
  useShortcuts([
    { keys: "/", does: "Find a name", run: () => field.current?.focus() },
    { keys: "d", does: "Show only what differs", run: () => change({ only: !search.only }) },
  ]);
  const turn = (key: string) =>
    change({
      turned: turned.has(key) ? search.turned.filter((one) => one !== key) : [...search.turned, key],
    });
  const beside = compared.runs.length <= MOST_BESIDE;
  return (
    <>
      <div className={classes.bar}>
        <TextInput
          ref={field}
          className={classes.find!}
          size="xs"
          aria-label="Find a name"
          placeholder="Find a name"
          leftSection={<IconSearch size={14} aria-hidden />}
          rightSection={
            search.find && <CloseButton size="sm" aria-label="Clear" onClick={() => change({ find: "" })} />
          }
          value={search.find}
          onChange={(event) => change({ find: event.currentTarget.value })}
        />
        <Switch
          size="xs"
          label="Only what differs"
          checked={search.only}
          onChange={(event) => change({ only: event.currentTarget.checked })}
        />
        <Kinds without={search.without} change={change} />
      </div>
      {wanted.length === 0 ? (
        <Empty title={search.find ? "No name is like this" : "These runs do not differ"}>
          {search.only && "Switch off “Only what differs” to see what they have in common."}
        </Empty>
      ) : beside ? (
        <Beside {...props} lines={wanted} turn={turn} />
      ) : (
        <Below {...props} lines={wanted} />
      )}
    </>
  );
}

function Kinds({ without, change }: { without: readonly LineKind[]; change: ChangeSearch }) {
  return (
    <>
      {KINDS.map((kind) => (
        <Switch
          key={kind}
          size="xs"
          label={KIND_NAMES[kind]}
          checked={!without.includes(kind)}
          onChange={(event) =>
            change({
              without: event.currentTarget.checked
                ? without.filter((one) => one !== kind)
                : [...without, kind],
            })
          }
        />
      ))}
    </>
  );
}
