/** What the filter field suggests: names and values come from the server. */
import { useDebouncedValue } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { keysQuery, valuesQuery } from "@/api/run-keys";
import {
  namePartsOf,
  type Place,
  type Suggestion,
  suggestAnd,
  suggestNames,
  suggestOperators,
  suggestValues,
} from "@/lib/filter-complete";
import type { RunsOf } from "@/pages/runs/use-runs";

export function useSuggestions(
  { workspace, experimentIds }: RunsOf,
  place: Place,
  open: boolean,
): Suggestion[] {
  const { family, key } = namePartsOf(place.expects === "value" ? place.name : place.typed);
  const [typed] = useDebouncedValue(place.typed.replace(/^['"]/, ""), 120);
  const ofRuns = family === "param" || family === "tag";
  const all = useQuery({
    ...keysQuery(workspace, experimentIds, ["metric", "param", "tag"]),
    enabled: open && place.expects === "name",
  });
  // More names than are read at once are looked up by what is typed.
  const [start] = useDebouncedValue(key, 120);
  const more = useQuery({
    ...keysQuery(
      workspace,
      experimentIds,
      [(ofRuns ? family : "metric") as "metric" | "param" | "tag"],
      start,
    ),
    enabled:
      open &&
      place.expects === "name" &&
      start !== "" &&
      (ofRuns || family === "metric") &&
      !!all.data?.next_page_token,
  });
  const values = useQuery({
    ...valuesQuery(workspace, experimentIds, family === "tag" ? "tag" : "param", key, typed),
    enabled: open && place.expects === "value" && ofRuns && key !== "",
    placeholderData: (before) => before,
  });
  return useMemo(() => {
    const names = [...(all.data?.items ?? []), ...(more.data?.items ?? [])];
    const once = [...new Map(names.map((one) => [`${one.kind} ${one.key}`, one])).values()];
    switch (place.expects) {
      case "name":
        return suggestNames(place.typed, once);
      case "operator":
        return suggestOperators(place.typed, place.name);
      case "value":
        return suggestValues(place.typed, place.name, ofRuns ? (values.data?.items ?? []) : [], Date.now());
      case "and":
        return suggestAnd(place.typed);
    }
  }, [all.data, more.data, values.data, ofRuns, place.expects, place.typed, place.name]);
}
