/** Who did what. */
import { infiniteQueryOptions } from "@tanstack/react-query";
import { address, get } from "@/api/http";

export interface AuditLine {
  id: number;
  at_ms: number;
  principal: string;
  credential: string;
  workspace: string;
  action: string;
  target: Record<string, string>;
  outcome: string;
  status: number;
  remote: string;
}

export interface AuditFilter {
  workspace?: string | undefined;
  principal?: string | undefined;
  /** With a slash at its end: all actions on records of a kind. */
  action?: string | undefined;
  /** Of the record that something was done to. */
  name?: string | undefined;
  outcome?: string | undefined;
  since_ms?: number | undefined;
}

/** Of one workspace, or of the whole server. */
const place = (filter: AuditFilter, end: string, more: Record<string, string | number | null>) => {
  const { workspace, ...asked } = filter;
  return workspace
    ? address(workspace, `/api/v1/workspace/audit${end}`, { ...asked, ...more })
    : address(null, `/api/v1/audit${end}`, { ...asked, ...more });
};

/** Newest first. */
export const auditQuery = (filter: AuditFilter) =>
  infiniteQueryOptions({
    queryKey: ["audit", filter],
    queryFn: ({ pageParam, signal }) =>
      get<{ items: AuditLine[]; next_page_token?: string | null }>(
        place(filter, "", { max_results: 100, page_token: pageParam || null }),
        signal,
      ),
    initialPageParam: "",
    getNextPageParam: (page) => page.next_page_token || undefined,
  });

/** Where all lines of a filter are, as JSON lines. */
export const auditExport = (filter: AuditFilter): string => place(filter, "/export", {});

export interface Verdict {
  intact: boolean;
  /** Lines from the first on that are what was written. */
  entries: number;
  first_broken: number | null;
}

/** Whether every line is what was written and none is missing; every line is read for it. */
export const verifyAudit = () => get<Verdict>(address(null, "/api/v1/audit/verify"));
