import { MantineProvider } from "@mantine/core";
import { QueryCache, QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { meQuery } from "@/api/account";
import { ApiError, isLoggedOut } from "@/api/http";
import { makeRouter } from "@/app/router";
import { resolver, theme } from "@/app/theme";
import { Notices } from "@/components/notices";

const nonce = document.querySelector<HTMLMetaElement>('meta[name="csp-nonce"]')?.content ?? "";
// Where the library that holds the page still behind a dialog looks for it.
Object.assign(globalThis, { __webpack_nonce__: nonce });

const client = new QueryClient({
  queryCache: new QueryCache({
    onError: (error) => {
      // Several may be refused at once: the first of them has led to the login then.
      if (isLoggedOut(error) && location.pathname !== "/login")
        router.navigate({ to: "/login", search: { next: location.pathname + location.search } });
    },
  }),
  defaultOptions: {
    queries: {
      staleTime: 5_000,
      refetchOnWindowFocus: false,
      // What the server refused, it refuses again; when it is away, it is asked until it is back.
      retry: (failures, error) =>
        !(error instanceof ApiError) || error.status === 0 || error.status >= 500 ? failures < 5 : false,
      retryDelay: (failures) => Math.min(1_000 * 2 ** failures, 15_000) * (0.75 + Math.random() / 2),
    },
  },
});

const router = makeRouter(client);

// What the page at this address needs is asked for at once and together, before anything is drawn.
const matches = router.matchRoutes(router.latestLocation);
if (matches.some((one) => one.routeId === "/inside")) client.prefetchQuery(meQuery());
for (const match of matches) {
  const route = router.routesById[match.routeId as keyof typeof router.routesById];
  if (route) router.loadRouteChunk(route)?.catch(() => undefined);
}

export function App() {
  return (
    <QueryClientProvider client={client}>
      <MantineProvider
        theme={theme}
        cssVariablesResolver={resolver}
        defaultColorScheme="auto"
        getStyleNonce={() => nonce}
      >
        <Notices>
          <RouterProvider router={router} />
        </Notices>
      </MantineProvider>
    </QueryClientProvider>
  );
}

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
