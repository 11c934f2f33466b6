/** Found by its name: `jsxImportSource` says in which folder. */
export type { JSX } from "react";
export { Fragment } from "react/jsx-runtime";
export { jsx, jsxs } from "@/jsx/elements";
