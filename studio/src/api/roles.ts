/** Roles, and who has which where. */
import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { address, get, json, post } from "@/api/http";

export interface Role {
  name: string;
  description: string;
  actions: string[];
  not_actions: string[];
  built_in: boolean;
}

export interface Assignment {
  assignment_id: string;
  principal: string;
  role: string;
  /** false: the role's actions are taken away there. */
  allow: boolean;
  scope: string;
  created_by: string;
  created_ms: number;
}

export interface NewAssignment {
  principal: string;
  role: string;
  scope: string;
  allow: boolean;
}

export const rolesQuery = () =>
  queryOptions({
    queryKey: ["roles"],
    queryFn: async ({ signal }) =>
      (await get<{ items: Role[] }>(address(null, "/api/v1/roles"), signal)).items,
  });

/** Those that act in a scope: at it, above it and below it. */
export const assignmentsQuery = (scope: string) =>
  infiniteQueryOptions({
    queryKey: ["assignments", scope],
    queryFn: ({ pageParam, signal }) =>
      get<{ items: Assignment[]; next_page_token?: string | null }>(
        address(null, "/api/v1/role-assignments", { scope, max_results: 100, page_token: pageParam || null }),
        signal,
      ),
    initialPageParam: "",
    getNextPageParam: (page) => page.next_page_token || undefined,
  });

export const assignRole = (assignment: NewAssignment) =>
  post<Assignment>(address(null, "/api/v1/role-assignments"), assignment);
export const removeAssignment = (id: string) =>
  json("DELETE", address(null, `/api/v1/role-assignments/${encodeURIComponent(id)}`));
export const createRole = (role: { name: string; actions: string[]; description: string }) =>
  post<Role>(address(null, "/api/v1/roles"), role);
export const deleteRole = (name: string) =>
  json("DELETE", address(null, `/api/v1/roles/${encodeURIComponent(name)}`));
