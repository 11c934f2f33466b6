/** Parts of the page that are not there at first: loaded when somebody wants them. */
import { lazy } from "react";

const menus = () => import("@/pages/runs/table/menus");
export const HeadMenu = lazy(() => menus().then((one) => ({ default: one.HeadMenu })));
export const CellMenu = lazy(() => menus().then((one) => ({ default: one.CellMenu })));
export const ColorMenu = lazy(() => menus().then((one) => ({ default: one.ColorMenu })));
export const Selected = lazy(() =>
  import("@/pages/runs/Selected").then((one) => ({ default: one.Selected })),
);
export const Dialogs = lazy(() =>
  import("@/pages/runs/actions/Dialogs").then((one) => ({ default: one.Dialogs })),
);
export const ColumnsPanel = lazy(() =>
  import("@/pages/runs/columns/ColumnsPanel").then((one) => ({ default: one.ColumnsPanel })),
);
export const Charts = lazy(() =>
  import("@/pages/runs/charts/Charts").then((one) => ({ default: one.Charts })),
);
