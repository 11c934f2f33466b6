import { Outlet } from "@tanstack/react-router";

/** Around all pages, the login included. */
export function Root() {
  return <Outlet />;
}
