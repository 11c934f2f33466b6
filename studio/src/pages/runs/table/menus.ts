/** The menus of the table, loaded together. */
export { CellMenu } from "@/pages/runs/table/CellMenu";
export { ColorMenu } from "@/pages/runs/table/ColorMenu";
export { HeadMenu } from "@/pages/runs/table/HeadMenu";
