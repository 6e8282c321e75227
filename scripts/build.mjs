// Makes dist: the programs daemon.js, cli.cjs and web.js, the page of the last one, the library for apps and its types, and the completions for shells.
import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { bundle, bundleCommand, bundleCommonJs, bundleWhole } from "./bundle.mjs";
import { bundlePage } from "./bundle-page.mjs";

const TOP = dirname(dirname(fileURLToPath(import.meta.url)));
const DIST = join(TOP, "dist");
const LIBRARY = join(DIST, "library");
const COMPLETION = join(DIST, "completion");
const source = (path) => join(TOP, "src", path);

// Chunks have their content in their names.
rmSync(DIST, { recursive: true, force: true });

await Promise.all([
  bundleWhole(source("daemon.ts"), join(DIST, "daemon.js")),
  bundleWhole(source("web.ts"), join(DIST, "web.js")),
  // A command loads what it needs and nothing else.
  bundleCommand(source("cli.ts"), DIST, "cli", ["control/client.ts", "tell-program.ts", "tell-terminal.ts"]),
  bundle([source("worker/index.ts")], LIBRARY, "."),
  bundleCommonJs(source("worker/index.ts"), join(LIBRARY, "index.cjs")),
  // One for --import and --require.
  bundleCommonJs(source("register.ts"), join(LIBRARY, "register.cjs")),
  bundleCommonJs(source("worker/preload/take-over-listening.ts"), join(LIBRARY, "take-over.cjs")),
  bundlePage(TOP, join(DIST, "page")),
  bundle([source("cli/completion/completions.ts")], COMPLETION, "."),
]);

// What has been made there makes the completions, and is of no more use.
const { completions } = await import(pathToFileURL(join(COMPLETION, "completions.js")));
rmSync(COMPLETION, { recursive: true });
mkdirSync(COMPLETION);
for (const [name, text] of Object.entries(completions)) writeFileSync(join(COMPLETION, name), text);

const types = spawnSync(join(TOP, "node_modules", ".bin", "tsc"), ["-p", join(TOP, "tsconfig.build.json")], {
  stdio: "inherit",
});
if (types.status !== 0) process.exit(1);

// For configs that name the file.
writeFileSync(join(LIBRARY, "register.js"), 'import "./register.cjs";\n');

// The types are those of ESM, named again for CommonJS.
const esm = '"../worker/index.js" with { "resolution-mode": "import" }';
const values = Object.keys(await import(pathToFileURL(join(LIBRARY, "index.js"))));
writeFileSync(
  join(LIBRARY, "index.d.cts"),
  [
    `import type * as library from ${esm};`,
    `export type * from ${esm};`,
    ...values.map((name) => `export declare const ${name}: typeof library.${name};`),
    "",
  ].join("\n"),
);

// For links in /usr/bin; npm does the same to the `bin` of an installed package.
for (const program of ["cli.cjs", "daemon.js", "web.js"]) chmodSync(join(DIST, program), 0o755);
