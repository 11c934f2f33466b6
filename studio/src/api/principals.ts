/** Users, service accounts and groups. */
import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import type { Principal } from "@/api/account";
import { address, get, json, post } from "@/api/http";

export type PrincipalKind = "users" | "service-accounts" | "groups";

export interface Group {
  uuid: string;
  name: string;
  display_name: string;
  created_ms: number;
  members: Principal[];
}

const one = (kind: PrincipalKind, name: string, rest = "") =>
  address(null, `/api/v1/${kind}/${encodeURIComponent(name)}${rest}`);

export const principalsQuery = (kind: PrincipalKind) =>
  infiniteQueryOptions({
    queryKey: ["principals", kind],
    queryFn: ({ pageParam, signal }) =>
      get<{ items: Principal[]; next_page_token?: string | null }>(
        address(null, `/api/v1/${kind}`, { max_results: 100, page_token: pageParam || null }),
        signal,
      ),
    initialPageParam: "",
    getNextPageParam: (page) => page.next_page_token || undefined,
  });

export const groupQuery = (name: string) =>
  queryOptions({
    queryKey: ["group", name],
    queryFn: ({ signal }) => get<Group>(one("groups", name), signal),
  });

export const createUser = (user: { name: string; display_name: string; email: string; password?: string }) =>
  post<Principal>(address(null, "/api/v1/users"), user);
export const createNamed = (kind: "service-accounts" | "groups", name: string, display_name: string) =>
  post<Principal>(address(null, `/api/v1/${kind}`), { name, display_name });
export const setDisabled = (kind: "users" | "service-accounts", name: string, disabled: boolean) =>
  json("PATCH", one(kind, name), { body: { disabled } });
export const setPassword = (name: string, password: string) =>
  json("PATCH", one("users", name), { body: { password } });
export const removePrincipal = (kind: PrincipalKind, name: string) => json("DELETE", one(kind, name));
export const addMember = (group: string, member: string) =>
  post(one("groups", group, `/members/${encodeURIComponent(member)}`), {});
export const removeMember = (group: string, member: string) =>
  json("DELETE", one("groups", group, `/members/${encodeURIComponent(member)}`));
