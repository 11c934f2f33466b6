/** Access tokens: one's own, and those of service accounts. */
import { infiniteQueryOptions } from "@tanstack/react-query";
import { address, get, json, post } from "@/api/http";

export interface Token {
  token_id: string;
  kind: "access" | "login" | "session" | "tracking" | string;
  name: string;
  actions: string[];
  workspace: string | null;
  created_ms: number;
  expires_ms: number;
  used_ms: number | null;
  revoked_ms: number | null;
  principal: string;
  created_by: string;
}

interface Page {
  items: Token[];
  next_page_token?: string | null;
}

export interface NewToken {
  name: string;
  workspace: string | null;
  life_s: number;
  service_account?: string;
}

/** Newest first; of a service account where one is named. */
export const tokensQuery = (serviceAccount: string | null) =>
  infiniteQueryOptions({
    queryKey: ["tokens", serviceAccount],
    queryFn: ({ pageParam, signal }) =>
      get<Page>(
        address(null, "/api/v1/tokens", {
          service_account: serviceAccount,
          max_results: 100,
          page_token: pageParam || null,
        }),
        signal,
      ),
    initialPageParam: "",
    getNextPageParam: (page) => page.next_page_token || undefined,
  });

/** The secret is in the answer, this once. */
export const makeToken = (token: NewToken) =>
  post<{ token: string; token_id: string }>(address(null, "/api/v1/tokens"), token);
export const revokeToken = (id: string) =>
  json("DELETE", address(null, `/api/v1/tokens/${encodeURIComponent(id)}`));
