/** The same for the development server. */
import { jsx, jsxs } from "@/jsx/elements";

export type { JSX } from "react";
export { Fragment } from "react/jsx-runtime";
export const jsxDEV = (
  type: Parameters<typeof jsx>[0],
  props: unknown,
  key: Parameters<typeof jsx>[2],
  several: boolean,
) => (several ? jsxs : jsx)(type, props, key);
