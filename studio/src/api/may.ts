/** What one may do: so that no button is shown that cannot work. The server decides all the same. */
import { queryOptions, useQuery } from "@tanstack/react-query";
import { meQuery } from "@/api/account";
import { address, get } from "@/api/http";

const myActionsQuery = (workspace: string) =>
  queryOptions({
    queryKey: ["my actions", workspace],
    queryFn: ({ signal }) =>
      get<{ actions: string[]; somewhere: string[] }>(
        address(workspace, "/api/v1/workspace/my-actions"),
        signal,
      ),
    staleTime: 60_000,
  });

type May = (action: string) => boolean;

/** In a workspace. Until the answer is there, and where there is none, nothing is hidden. */
export function useMay(workspace: string): May {
  const { data } = useQuery(myActionsQuery(workspace));
  return (action) => data === undefined || data.actions.includes(action);
}

/** In a workspace, or in one experiment of it at least. */
export function useMaySomewhere(workspace: string): May {
  const { data } = useQuery(myActionsQuery(workspace));
  return (action) => data === undefined || data.somewhere.includes(action);
}

/** On the server as a whole. */
export function useMayOnServer(): May {
  const { data } = useQuery(meQuery());
  return (action) => data === undefined || data.server_actions.includes(action);
}
