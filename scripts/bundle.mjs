// How the programs and the library are bundled: a hundred small files take longer to load than to run. Names and lines stay as
// they are, so that a stack trace in the journal can be read.
import { readFileSync, writeFileSync } from "node:fs";
import { join, parse } from "node:path";
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

/**
 * A command's program: one CommonJS file, which Node loads sooner than any of ESM. What it imports only when needed comes into ESM files
 * below `chunks`, except for what nearly every command needs: the files that `always` ends the paths of.
 */
export async function bundleCommand(entry, folder, chunks, always) {
  const later = new Map();
  const keepApart = {
    name: "keep-apart",
    setup: ({ onResolve, resolve }) => {
      onResolve({ filter: /^\./ }, async ({ kind, path, importer, resolveDir, pluginData }) => {
        if (kind !== "dynamic-import" || pluginData === keepApart) return undefined;
        const found = await resolve(path, { kind, importer, resolveDir, pluginData: keepApart });
        if (found.errors.length > 0 || always.some((end) => found.path.endsWith(end))) return found;
        const { name } = parse(found.path);
        if ((later.get(name) ?? found.path) !== found.path)
          return { errors: [{ text: `another file is called ${name}, too: ${later.get(name)}` }] };
        later.set(name, found.path);
        return { path: `./${chunks}/${name}.js`, external: true };
      });
    },
  };
  await bundleCommonJs(entry, join(folder, `${parse(entry).name}.cjs`), [keepApart]);
  await bundle([...later.values()], join(folder, chunks), ".");
}

/** winston's streams are a copy of Node's own, which are there already. */
const ownStreams = {
  name: "own-streams",
  setup: ({ onResolve, onLoad }) => {
    onResolve({ filter: /^readable-stream(\/|$)/ }, ({ path }) => ({ path, namespace: "own-streams" }));
    onLoad({ filter: /./, namespace: "own-streams" }, ({ path }) => ({
      contents: `module.exports = require("node:stream")${path.endsWith("_stream_writable.js") ? ".Writable" : ""};`,
    }));
  },
};

/** One ESM file of all that a program imports, CommonJS modules among it. */
export async function bundleWhole(entry, file) {
  await build({
    ...common,
    plugins: [ownStreams],
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
  // esbuild leaves such letters in comments and regular expressions, and for a single one V8 would keep the whole text at two bytes a letter.
  const lines = readFileSync(file, "utf8").split("\n");
  const code = lines.find((line) => /[^\0-\x7f]/.test(line) && !/^\s*(\*|\/[/*])/.test(line));
  if (code !== undefined)
    throw new Error(`cannot make ${file} ASCII: write its other letters as \\u…: ${code.trim()}`);
  writeFileSync(file, lines.join("\n").replace(/[^\0-\x7f]/g, "?"));
}

/** One CommonJS file: not every Node >= 20 can require ESM. */
export function bundleCommonJs(entry, file, plugins = []) {
  return build({
    ...common,
    plugins,
    entryPoints: [entry],
    outfile: file,
    format: "cjs",
    define: { "import.meta.url": "importMetaUrl" },
    banner: { js: 'const importMetaUrl = require("node:url").pathToFileURL(__filename).href;' },
  });
}
