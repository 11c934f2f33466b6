import { expect, test } from "vitest";
import { RUN_COLORS } from "@/lib/colors";

/** Panels and the page, light and dark: app/global.css. */
const GROUNDS = ["#ffffff", "#f7f9fa", "#182024", "#11171a"];

function luminance(color: string): number {
  const part = (at: number) => {
    const value = Number.parseInt(color.slice(at, at + 2), 16) / 255;
    return value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  };
  return 0.2126 * part(1) + 0.7152 * part(3) + 0.0722 * part(5);
}

test.each(RUN_COLORS)("%s can be told from every ground", (color) => {
  for (const ground of GROUNDS) {
    const [dark, light] = [luminance(color), luminance(ground)].sort((a, b) => a - b) as [number, number];
    expect((light + 0.05) / (dark + 0.05)).toBeGreaterThanOrEqual(3);
  }
});

test("no colour is there twice", () => {
  expect(new Set(RUN_COLORS).size).toBe(RUN_COLORS.length);
});
