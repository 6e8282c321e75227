// Makes dist/library of what tsc has compiled: what apps import. Bundled, since forty small files take longer to load than
// to run; ESM and the preload share their code, and CommonJS, which cannot require ESM on every Node >= 20, has a copy.
import { chmodSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";

const DIST = fileURLToPath(new URL("../dist", import.meta.url));
const LIBRARY = join(DIST, "library");

// Chunks have their content in their names.
rmSync(LIBRARY, { recursive: true, force: true });

const common = {
  bundle: true,
  platform: "node",
  target: "node20",
  external: ["koffi", "sd-notify", "systemd-socket", "ws"],
  outdir: LIBRARY,
  logLevel: "warning",
};
await build({
  ...common,
  entryPoints: [join(DIST, "worker/index.js"), join(DIST, "register.js")],
  entryNames: "[name]",
  format: "esm",
  splitting: true,
});
await build({
  ...common,
  entryPoints: [join(DIST, "worker/index.js")],
  format: "cjs",
  outExtension: { ".js": ".cjs" },
  define: { "import.meta.url": "importMetaUrl" },
  banner: { js: 'const importMetaUrl = require("node:url").pathToFileURL(__filename).href;' },
});

// The types are those of ESM, named again for CommonJS.
const source = '"../worker/index.js" with { "resolution-mode": "import" }';
const values = Object.keys(await import(pathToFileURL(join(LIBRARY, "index.js"))));
writeFileSync(
  join(LIBRARY, "index.d.cts"),
  [
    `import type * as library from ${source};`,
    `export type * from ${source};`,
    ...values.map((name) => `export declare const ${name}: typeof library.${name};`),
    "",
  ].join("\n"),
);

// For links in /usr/bin; npm does the same to the `bin` of an installed package.
for (const program of ["cli.js", "daemon.js"]) chmodSync(join(DIST, program), 0o755);
