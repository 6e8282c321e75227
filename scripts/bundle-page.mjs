// Makes the page of the web service in a folder: assets/, what browsers load, and render.cjs, with which the server makes its documents.
import { basename, join } from "node:path";
import { build } from "esbuild";

export async function bundlePage(top, folder) {
  const page = (path) => join(top, "src/page", path);
  const { metafile } = await build({
    entryPoints: [
      { in: page("browser/main.tsx"), out: "page" },
      { in: page("style/page.css"), out: "page" },
      { in: page("icon.svg"), out: "icon" },
    ],
    outdir: join(folder, "assets"),
    // They may be kept for ever.
    entryNames: "[name]-[hash]",
    bundle: true,
    minify: true,
    format: "esm",
    target: ["es2022", "chrome111", "firefox114", "safari16.4"],
    loader: { ".svg": "copy" },
    metafile: true,
    logLevel: "warning",
  });
  const names = Object.keys(metafile.outputs).map((path) => basename(path));
  const named = (ending) => names.find((name) => name.endsWith(ending));
  const assets = { script: named(".js"), style: named(".css"), icon: named(".svg") };
  await build({
    entryPoints: [page("render.tsx")],
    outfile: join(folder, "render.cjs"),
    bundle: true,
    platform: "node",
    target: "node20",
    format: "cjs",
    define: { pageAssets: JSON.stringify(assets) },
    logLevel: "warning",
  });
}
