/** All addresses. A page is loaded when somebody goes there; what it shows is told by its address alone. */
import type { QueryClient } from "@tanstack/react-query";
import {
  createRootRouteWithContext,
  createRoute,
  createRouter,
  lazyRouteComponent,
  redirect,
} from "@tanstack/react-router";
import { meQuery } from "@/api/account";
import { isLoggedOut } from "@/api/http";
import { Root } from "@/app/Root";
import { Shell } from "@/app/Shell";
import { Broken, Missing } from "@/components/states";
import { mlflowAddress } from "@/lib/mlflow-address";

interface Context {
  client: QueryClient;
}
/** Search params that each page checks by itself, from whatever an address holds. */
type Search = Record<string, unknown>;
const free = (search: Search): Search => search;

const root = createRootRouteWithContext<Context>()({ component: Root, notFoundComponent: Missing });

const login = createRoute({
  getParentRoute: () => root,
  path: "/login",
  validateSearch: (search: Search): { next?: string } =>
    typeof search.next === "string" ? { next: search.next } : {},
  component: lazyRouteComponent(() => import("@/pages/login/LoginPage"), "LoginPage"),
});

/** Everything but the login needs to know who asks; a server without accounts answers for the local user. */
const inside = createRoute({
  getParentRoute: () => root,
  id: "inside",
  beforeLoad: async ({ context, location }) => {
    const moved = mlflowAddress(location.pathname, location.hash);
    if (moved !== null) throw redirect({ href: moved, replace: true });
    try {
      await context.client.ensureQueryData(meQuery());
    } catch (error) {
      if (isLoggedOut(error)) throw redirect({ to: "/login", search: { next: location.href } });
      throw error;
    }
  },
  component: Shell,
});

const home = createRoute({
  getParentRoute: () => inside,
  path: "/",
  component: lazyRouteComponent(() => import("@/pages/home/HomePage"), "HomePage"),
});
const account = createRoute({
  getParentRoute: () => inside,
  path: "/account",
  component: lazyRouteComponent(() => import("@/pages/account/AccountPage"), "AccountPage"),
});
const serverAccess = createRoute({
  getParentRoute: () => inside,
  path: "/access",
  validateSearch: free,
  component: lazyRouteComponent(() => import("@/pages/access/ServerAccessPage"), "ServerAccessPage"),
});

const workspace = createRoute({ getParentRoute: () => inside, path: "/workspaces/$workspace" });
const overview = createRoute({
  getParentRoute: () => workspace,
  path: "/",
  component: lazyRouteComponent(() => import("@/pages/overview/OverviewPage"), "OverviewPage"),
});
const experiments = createRoute({
  getParentRoute: () => workspace,
  path: "/experiments",
  validateSearch: free,
  component: lazyRouteComponent(() => import("@/pages/experiments/ExperimentsPage"), "ExperimentsPage"),
});
const allRuns = createRoute({
  getParentRoute: () => workspace,
  path: "/runs",
  validateSearch: free,
  component: lazyRouteComponent(() => import("@/pages/runs/AllRunsPage"), "AllRunsPage"),
});
const experiment = createRoute({
  getParentRoute: () => workspace,
  path: "/experiments/$experiment",
  validateSearch: free,
  component: lazyRouteComponent(() => import("@/pages/runs/ExperimentPage"), "ExperimentPage"),
});
const run = createRoute({
  getParentRoute: () => workspace,
  path: "/experiments/$experiment/runs/$run",
  validateSearch: free,
  component: lazyRouteComponent(() => import("@/pages/run/RunPage"), "RunPage"),
});
const compare = createRoute({
  getParentRoute: () => workspace,
  path: "/compare",
  validateSearch: free,
  component: lazyRouteComponent(() => import("@/pages/compare/ComparePage"), "ComparePage"),
});
const models = createRoute({
  getParentRoute: () => workspace,
  path: "/models",
  validateSearch: free,
  component: lazyRouteComponent(() => import("@/pages/models/ModelsPage"), "ModelsPage"),
});
const model = createRoute({
  getParentRoute: () => workspace,
  path: "/models/$model",
  validateSearch: free,
  component: lazyRouteComponent(() => import("@/pages/models/ModelPage"), "ModelPage"),
});
const datasets = createRoute({
  getParentRoute: () => workspace,
  path: "/datasets",
  validateSearch: free,
  component: lazyRouteComponent(() => import("@/pages/datasets/DatasetsPage"), "DatasetsPage"),
});
const datastores = createRoute({
  getParentRoute: () => workspace,
  path: "/datastores",
  validateSearch: free,
  component: lazyRouteComponent(() => import("@/pages/datastores/DatastoresPage"), "DatastoresPage"),
});
const traces = createRoute({
  getParentRoute: () => workspace,
  path: "/traces",
  validateSearch: free,
  component: lazyRouteComponent(() => import("@/pages/traces/TracesPage"), "TracesPage"),
});
const compute = createRoute({
  getParentRoute: () => workspace,
  path: "/compute",
  validateSearch: free,
  component: lazyRouteComponent(() => import("@/pages/compute/ComputePage"), "ComputePage"),
});
const jobs = createRoute({
  getParentRoute: () => workspace,
  path: "/jobs",
  validateSearch: free,
  component: lazyRouteComponent(() => import("@/pages/jobs/JobsPage"), "JobsPage"),
});
const access = createRoute({
  getParentRoute: () => workspace,
  path: "/access",
  validateSearch: free,
  component: lazyRouteComponent(() => import("@/pages/access/WorkspaceAccessPage"), "WorkspaceAccessPage"),
});
const trash = createRoute({
  getParentRoute: () => workspace,
  path: "/trash",
  validateSearch: free,
  component: lazyRouteComponent(() => import("@/pages/trash/TrashPage"), "TrashPage"),
});
const later = createRoute({
  getParentRoute: () => workspace,
  path: "/later/$noun",
  component: lazyRouteComponent(() => import("@/pages/later/LaterPage"), "LaterPage"),
});

export function makeRouter(client: QueryClient) {
  const inWorkspace = [
    overview,
    experiments,
    allRuns,
    experiment,
    run,
    compare,
    models,
    model,
    datasets,
    datastores,
    traces,
    compute,
    jobs,
    access,
    trash,
    later,
  ] as const;
  return createRouter({
    routeTree: root.addChildren([
      login,
      inside.addChildren([home, account, serverAccess, workspace.addChildren(inWorkspace)]),
    ]),
    context: { client },
    defaultPreload: "intent",
    defaultPreloadStaleTime: 0,
    scrollRestoration: true,
    defaultErrorComponent: ({ error, reset }) => <Broken error={error} again={reset} />,
    defaultNotFoundComponent: Missing,
  });
}
