/** What makes elements for React: texts in them, and their tooltips, do not turn the direction of what is around them. */
import { jsx as one, jsxs as several } from "react/jsx-runtime";
import { turns, untwisted } from "@/lib/turning";

type Make = typeof one;

const isTurning = (value: unknown): value is string => typeof value === "string" && turns(value);
const straight = (value: unknown) => (isTurning(value) ? untwisted(value) : value);

interface Texts {
  children?: unknown;
  title?: unknown;
}

const withStraightTexts =
  (make: Make): Make =>
  (type, props, key) => {
    const { children, title } = props as Texts;
    const turned =
      isTurning(title) || (Array.isArray(children) ? children.some(isTurning) : isTurning(children));
    if (!turned) return make(type, props, key);
    const next: Texts = { ...(props as Texts) };
    if (title !== undefined) next.title = straight(title);
    next.children = Array.isArray(children) ? children.map(straight) : straight(children);
    return make(type, next, key);
  };

export const jsx = withStraightTexts(one);
export const jsxs = withStraightTexts(several);
