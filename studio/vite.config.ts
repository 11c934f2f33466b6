import { readdirSync, readFileSync, statSync, unlinkSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { brotliCompressSync, gzipSync } from "node:zlib";
import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";

const OUT = "../src/runyard/server/static";
const COMMON = /@tabler\/icons-react|src\/(api|components)\/[^/]+\.tsx?$|src\/lib\/(?!chart)/;
const WORTH_COMPRESSING = /assets\/[^/]*\.(js|css|svg)$/;

/** Puts .gz and .br in the place of the files: the server only sends them, and an installation is half as large. */
function precompressed(): Plugin {
  const walk = (folder: string): string[] =>
    readdirSync(folder).flatMap((name) => {
      const path = join(folder, name);
      return statSync(path).isDirectory() ? walk(path) : [path];
    });
  let folder = "";
  return {
    name: "precompressed",
    apply: "build",
    configResolved(config) {
      folder = resolve(config.root, config.build.outDir);
    },
    closeBundle() {
      for (const path of walk(folder).filter((one) => WORTH_COMPRESSING.test(one))) {
        const bytes = readFileSync(path);
        writeFileSync(`${path}.gz`, gzipSync(bytes, { level: 9 }));
        writeFileSync(`${path}.br`, brotliCompressSync(bytes));
        unlinkSync(path);
      }
    },
  };
}

export default defineConfig({
  base: "/studio/",
  resolve: { alias: { "@": join(import.meta.dirname, "src") } },
  plugins: [react({ jsxImportSource: "@/jsx" }), precompressed()],
  build: {
    outDir: OUT,
    emptyOutDir: true,
    assetsDir: "assets",
    target: "es2022",
    cssTarget: ["chrome123", "firefox120", "safari17.5"],
    assetsInlineLimit: 0,
    // Small things that many pages share come in one file: dozens of them would wait for one another.
    rolldownOptions: {
      // Importing it compiles WebAssembly for a codec that is not used; without, that part is left out.
      treeshake: { moduleSideEffects: (id: string) => !id.includes("hyparquet-compressors") },
      output: { codeSplitting: { groups: [{ name: "common", test: COMMON, minShareCount: 4 }] } },
    },
  },
  server: {
    proxy: {
      // A dev server beside a running one: `npm run dev`, with the server's --allowed-origins http://localhost:5173.
      "^/(api|ajax-api|get-artifact|login/oidc|workspaces/[^/]+/(api|ajax-api|get-artifact))":
        process.env.RUNYARD_DEV_SERVER ?? "http://127.0.0.1:5000",
    },
  },
  test: { include: ["src/**/*.test.ts", "src/**/*.test.tsx"] },
} as Parameters<typeof defineConfig>[0]);
