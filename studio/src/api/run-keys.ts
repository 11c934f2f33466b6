/** Names of metrics, params and tags that runs have, and their values: for filter bars and choices of columns. */
import { queryOptions } from "@tanstack/react-query";
import { address, post } from "@/api/http";

export type KeyKind = "metric" | "param" | "tag";

export interface RunKey {
  kind: KeyKind;
  key: string;
}

interface Keys {
  items: RunKey[];
  next_page_token: string | null;
  /** There were not more than the server looks through. */
  whole: boolean;
}

interface Values {
  items: string[];
  more: boolean;
  whole: boolean;
}

/** The first thousand names that begin so. */
export const keysQuery = (workspace: string, experimentIds: string[], kinds: KeyKind[], prefix = "") =>
  queryOptions({
    queryKey: ["run keys", workspace, experimentIds, kinds, prefix],
    queryFn: ({ signal }) =>
      post<Keys>(
        address(workspace, "/api/v1/runs/keys"),
        { experiment_ids: experimentIds, kinds, prefix, max_results: 1_000 },
        signal,
      ),
    staleTime: 30_000,
  });

/** Some values of a param or tag that begin so. */
export const valuesQuery = (
  workspace: string,
  experimentIds: string[],
  kind: "param" | "tag",
  key: string,
  prefix = "",
) =>
  queryOptions({
    queryKey: ["run values", workspace, experimentIds, kind, key, prefix],
    queryFn: ({ signal }) =>
      post<Values>(
        address(workspace, "/api/v1/runs/values"),
        { experiment_ids: experimentIds, kind, key, prefix, max_results: 50 },
        signal,
      ),
    staleTime: 30_000,
  });
