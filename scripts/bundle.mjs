// How the programs and the library are bundled: a hundred small files take longer to load than to run. Names and lines stay as
// they are, so that a stack trace in the journal can be read.
import { build } from "esbuild";

const common = {
  bundle: true,
  platform: "node",
  target: "node20",
  // Native, or the app's own.
  external: ["koffi", "sd-notify", "ws"],
  logLevel: "warning",
};

/** ESM. What several entries share, and what is imported only when needed, comes into files of their own below `chunks`. */
export function bundle(entries, folder, chunks) {
  return build({
    ...common,
    entryPoints: entries,
    outdir: folder,
    entryNames: "[name]",
    chunkNames: `${chunks}/[name]-[hash]`,
    format: "esm",
    splitting: true,
  });
}

/** One ESM file of all that a program imports, CommonJS modules among it. */
export function bundleWhole(entry, file) {
  return build({
    ...common,
    entryPoints: [entry],
    outfile: file,
    format: "esm",
    // Else winston loads what colours its own debugging.
    define: { "process.env.NODE_ENV": '"production"' },
    // For what CommonJS modules require of Node.
    banner: {
      js: 'import { createRequire as requireFrom } from "node:module"; const require = requireFrom(import.meta.url);',
    },
  });
}

/** One CommonJS file: not every Node >= 20 can require ESM. */
export function bundleCommonJs(entry, file) {
  return build({
    ...common,
    entryPoints: [entry],
    outfile: file,
    format: "cjs",
    define: { "import.meta.url": "importMetaUrl" },
    banner: { js: 'const importMetaUrl = require("node:url").pathToFileURL(__filename).href;' },
  });
}
