/** How Studio looks: one accent, quiet greys, small and dense. Sizes and radii are Mantine's; see app/global.css. */
import { type CSSVariablesResolver, createTheme, type MantineColorsTuple } from "@mantine/core";

const yard: MantineColorsTuple = [
  "#e6f8f6",
  "#cfeeeb",
  "#9fddd7",
  "#6bcbc3",
  "#42bcb2",
  "#2ab2a8",
  "#0f8f86",
  "#0b7a75",
  "#075f5b",
  "#034743",
];

// Darker than the library's in the middle: as text on white it keeps 4.5:1.
const red: MantineColorsTuple = [
  "#fff5f5",
  "#ffe3e3",
  "#ffc9c9",
  "#ffa8a8",
  "#ff8787",
  "#e03131",
  "#c92a2a",
  "#b02525",
  "#961e1e",
  "#7d1818",
];

// The dark scheme's greys lean to the accent, as the grounds in global.css do.
const dark: MantineColorsTuple = [
  "#d3dde1",
  "#b6c3c9",
  "#93a3ab",
  "#64747c",
  "#3d4a50",
  "#2f3b41",
  "#242e33",
  "#182024",
  "#12181b",
  "#0c1113",
];

export const theme = createTheme({
  primaryColor: "yard",
  primaryShade: 7,
  colors: { yard, red, dark },
  defaultRadius: "sm",
  fontFamily: 'system-ui, -apple-system, "Segoe UI", Roboto, "Liberation Sans", sans-serif',
  fontFamilyMonospace:
    'ui-monospace, "SF Mono", "Cascadia Code", Menlo, Consolas, "Liberation Mono", monospace',
  headings: {
    fontWeight: "650",
    sizes: { h1: { fontSize: "1.4rem" }, h2: { fontSize: "1.1rem" }, h3: { fontSize: "1rem" } },
  },
  autoContrast: true,
  components: {
    Button: { defaultProps: { size: "xs" } },
    TextInput: { defaultProps: { size: "xs" } },
    Select: { defaultProps: { size: "xs", comboboxProps: { withinPortal: true } } },
    NumberInput: { defaultProps: { size: "xs" } },
    PasswordInput: { defaultProps: { size: "xs" } },
    Textarea: { defaultProps: { size: "xs" } },
    Switch: { defaultProps: { size: "xs" } },
    SegmentedControl: { defaultProps: { size: "xs" } },
    Badge: { defaultProps: { variant: "default", tt: "none", fw: 500 } },
    // The library's placeholder is no child that a menu may have.
    Menu: { defaultProps: { withInitialFocusPlaceholder: false } },
    Tooltip: { defaultProps: { openDelay: 300, withArrow: true } },
    ActionIcon: { defaultProps: { variant: "subtle", color: "gray" } },
  },
});

/** Words in a colour on dark grounds, where the library takes shades that are too dark. */
export const resolver: CSSVariablesResolver = () => ({
  variables: {},
  light: {},
  dark: {
    "--mantine-color-red-6": "#ffa8a8", // items of menus
    "--mantine-color-red-light-color": "#ffa8a8",
    "--mantine-color-red-outline": "#ff8787",
    "--mantine-color-red-text": "#ffa8a8",
    "--mantine-color-yard-light-color": "#7fe0d8",
    "--mantine-color-yard-text": "#7fe0d8",
    "--mantine-color-error": "#ffa8a8",
  },
});
