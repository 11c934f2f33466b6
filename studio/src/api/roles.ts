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

interface RoleList {
  items: Role[];
  /** Every action that there is, and what it allows. */
  actions: Record<string, string>;
}

export const rolesQuery = () =>
  queryOptions({
    queryKey: ["roles"],
    queryFn: ({ signal }) => get<RoleList>(address(null, "/api/v1/roles"), signal),
  });

/** Those that act in a scope: at it, above it and below it. Where the request is addressed at the workspace that it is
 * about, the audit log of that workspace has it. */
export const assignmentsQuery = (workspace: string | null, scope: string) =>
  infiniteQueryOptions({
    queryKey: ["assignments", scope],
    queryFn: ({ pageParam, signal }) =>
      get<{ items: Assignment[]; next_page_token?: string | null }>(
        address(workspace, "/api/v1/role-assignments", {
          scope,
          max_results: 100,
          page_token: pageParam || null,
        }),
        signal,
      ),
    initialPageParam: "",
    getNextPageParam: (page) => page.next_page_token || undefined,
  });

export const assignRole = (workspace: string | null, assignment: NewAssignment) =>
  post<Assignment>(address(workspace, "/api/v1/role-assignments"), assignment);
export const removeAssignment = (workspace: string | null, id: string) =>
  json("DELETE", address(workspace, `/api/v1/role-assignments/${encodeURIComponent(id)}`));
export const createRole = (role: { name: string; actions: string[]; description: string }) =>
  post<Role>(address(null, "/api/v1/roles"), role);
export const deleteRole = (name: string) =>
  json("DELETE", address(null, `/api/v1/roles/${encodeURIComponent(name)}`));
