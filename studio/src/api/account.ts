/** Who is asking, and how one logs in. */
import { queryOptions } from "@tanstack/react-query";
import { address, get, post, rememberSession } from "@/api/http";

export interface Principal {
  uuid: string;
  kind: "user" | "service_account" | "group" | "local" | string;
  name: string;
  display_name: string;
  email: string;
  disabled: boolean;
  created_ms: number;
}

export interface Me {
  principal: Principal;
  /** How the request was recognised: local, or `token …`, which a session of a browser is, too. */
  credential: string;
  server_actions: string[];
  expires_ms: number | null;
  csrf_token?: string | null;
}

export interface LoginWays {
  password: boolean;
  oidc: boolean;
  device: boolean;
  issuer: string | null;
}

/** Whether this browser has a session, which one can log out of. */
export const hasSession = (me: Me): boolean => Boolean(me.csrf_token);

/** Whether the server asks nobody who they are. */
export const isLocal = (me: Me): boolean => me.credential === "local";

/** Also keeps the token that changes must carry. */
export const meQuery = () =>
  queryOptions({
    queryKey: ["me"],
    queryFn: async ({ signal }) => {
      const me = await get<Me>(address(null, "/api/v1/me"), signal);
      rememberSession(me.csrf_token, me.principal.uuid);
      return me;
    },
    staleTime: 60_000,
    retry: false,
  });

export const loginWaysQuery = () =>
  queryOptions({
    queryKey: ["login ways"],
    queryFn: ({ signal }) => get<LoginWays>(address(null, "/api/v1/login"), signal),
    staleTime: Number.POSITIVE_INFINITY,
  });

export async function logIn(user: string, password: string): Promise<void> {
  const answer = await post<{ csrf_token?: string; principal: Principal }>(
    address(null, "/api/v1/login/session"),
    { user, password },
  );
  rememberSession(answer.csrf_token, answer.principal.uuid);
}

export const logOut = (everywhere: boolean) =>
  post<{ revoked: boolean; sessions?: number }>(address(null, "/api/v1/logout"), { everywhere });
