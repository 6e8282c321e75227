// Lays out what both packages install: bundles, library, addons, units, pages. Takes what `npm ci` and `npm run build` left.
import {
  chmodSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { buildAddons } from "./addons.mjs";
import { describeParts } from "./sbom.mjs";

const TOP = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const KOFFI = `@koromix/koffi-linux-${process.arch}`;
/** What is loaded at run time of the modules that are not in the bundles. */
const MODULES = {
  koffi: [
    "package.json",
    "index.js",
    "index.cjs",
    "index.d.ts",
    "src/koffi/index.js",
    "src/koffi/index.cjs",
    "src/koffi/src/static.js",
    "src/koffi/src/static.cjs",
  ],
  [KOFFI]: ["package.json", "index.js", ...glibcOf(KOFFI)],
  "sd-notify": ["package.json", "index.js"],
  bindings: ["package.json", "bindings.js"],
  "file-uri-to-path": ["package.json", "index.js"],
};
const PAGES = ["holdfast.1", "holdfast.toml.5", "holdfast-worker.7", "holdfast-web.8", "holdfastd.8"];

/** Makes the tree at `root`, as of `epoch` in seconds; the two kinds of packages differ only in where the zsh completion is, and in Debian's own folder. */
export function layOut(root, kind, version, epoch) {
  const inTree = (path) => join(root, path);
  const put = (from, to, mode = 0o644) => {
    mkdirSync(dirname(inTree(to)), { recursive: true, mode: 0o755 });
    cpSync(join(TOP, from), inTree(to), { dereference: true });
    chmodSync(inTree(to), mode);
  };
  const link = (target, path) => {
    mkdirSync(dirname(inTree(path)), { recursive: true });
    symlinkSync(target, inTree(path));
  };
  rmSync(root, { recursive: true, force: true });
  mkdirSync(inTree("usr/lib/holdfast"), { recursive: true });

  cpSync(join(TOP, "dist"), inTree("usr/lib/holdfast/dist"), { recursive: true });
  // They are put where the shells look.
  rmSync(inTree("usr/lib/holdfast/dist/completion"), { recursive: true });
  for (const file of readdirSync(inTree("usr/lib/holdfast/dist"), { recursive: true })) {
    if (file.endsWith(".js")) tellVersion(inTree(`usr/lib/holdfast/dist/${file}`), version);
  }
  for (const program of ["cli", "daemon", "web"]) useOwnNode(inTree(`usr/lib/holdfast/dist/${program}.js`));
  writeFileSync(inTree("usr/lib/holdfast/package.json"), `${JSON.stringify(manifest(version), null, 2)}\n`);
  for (const [name, files] of Object.entries(MODULES)) {
    for (const file of files)
      put(`node_modules/${name}/${file}`, `usr/lib/holdfast/node_modules/${name}/${file}`);
  }
  const addons = buildAddons(inTree("usr/lib/holdfast/node_modules/sd-notify"));
  put("packaging/systemd/instances", "usr/lib/holdfast/instances", 0o755);
  put("packaging/systemd/app-units", "usr/lib/holdfast/app-units", 0o755);
  if (kind === "rpm") put("packaging/rpm/macros.holdfast", "usr/lib/rpm/macros.d/macros.holdfast");
  link("../lib/holdfast/dist/cli.js", "usr/bin/holdfast");
  link("../lib/holdfast/dist/daemon.js", "usr/bin/holdfastd");
  link("../lib/holdfast/dist/web.js", "usr/bin/holdfast-web");
  if (kind === "deb") link("../../lib/holdfast", "usr/share/nodejs/holdfast");

  const web = ["holdfast-web.service", "holdfast-web.socket", "holdfast-web-user.service"];
  for (const unit of ["holdfast@.service", "holdfast-user@.service", ...web])
    put(`units/${unit}`, `usr/lib/systemd/system/${unit}`);
  // Where Ansible looks for collections by itself.
  const collection = "usr/share/ansible/collections/ansible_collections/holdfast/holdfast";
  for (const path of readdirSync(join(TOP, "packaging/ansible"), { recursive: true })) {
    const isPart = statSync(join(TOP, "packaging/ansible", path)).isFile() && !/^\.|\.pyc$/.test(path);
    if (isPart) put(`packaging/ansible/${path}`, `${collection}/${path}`);
  }
  put("packaging/systemd/holdfast.tmpfiles", "usr/lib/tmpfiles.d/holdfast.conf");
  put("packaging/journal/holdfast.catalog", "usr/lib/systemd/catalog/holdfast.catalog");
  put("dist/completion/holdfast.bash", "usr/share/bash-completion/completions/holdfast");
  put("dist/completion/holdfast.fish", "usr/share/fish/vendor_completions.d/holdfast.fish");
  const zsh = kind === "deb" ? "vendor-completions" : "site-functions";
  put("dist/completion/_holdfast", `usr/share/zsh/${zsh}/_holdfast`);
  for (const page of PAGES) {
    const path = inTree(`usr/share/man/man${page.at(-1)}/${page}.gz`);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, gzipSync(readFileSync(join(TOP, "packaging/man", page)), { level: 9 }));
  }

  for (const file of ["prometheus.yml", "alerts.yml", "dashboard.json"])
    put(`packaging/monitoring/${file}`, `usr/share/holdfast/monitoring/${file}`);

  const doc = "usr/share/doc/holdfast";
  for (const file of [
    "README.md",
    "SECURITY.md",
    "docs/native-workers.md",
    "docs/worker-protocol.md",
    "docs/moving-over.md",
    "docs/recipes.md",
    "docs/packaging.md",
    "docs/web.md",
    "docs/hooks.md",
    "docs/notifications.md",
    "docs/metrics.md",
  ]) {
    put(file, `${doc}/${file.split("/").at(-1)}`);
  }
  put("CHANGELOG.md", kind === "deb" ? `${doc}/NEWS.md` : `${doc}/CHANGELOG.md`);
  for (const file of [
    "demo/demo.toml",
    "demo/package.json",
    "demo/server.js",
    "direct/package.json",
    "direct/server.js",
  ]) {
    put(`examples/${file}`, `${doc}/examples/${file}`);
  }
  writeFileSync(inTree("usr/lib/holdfast/sbom.spdx.json"), describeParts(TOP, version, epoch));
  for (const unit of ["web.service", "web.socket"])
    put(`examples/direct/${unit}`, `${doc}/examples/direct/${unit}`);
  for (const file of readdirSync(join(TOP, "examples/hooks"))) {
    put(`examples/hooks/${file}`, `${doc}/examples/hooks/${file}`, file.includes(".") ? 0o644 : 0o755);
  }
  cpSync(join(TOP, "packaging/examples"), inTree(`${doc}/examples/packaging`), { recursive: true });
  put("units/holdfast@web.socket.example", `${doc}/examples/holdfast@web.socket`);
  mkdirSync(inTree("etc/holdfast"), { recursive: true });
  return addons;
}

/** The binary beside which there is one for musl. */
function glibcOf(module) {
  const folders = readdirSync(join(TOP, "node_modules", module)).filter((name) => name.startsWith("linux_"));
  return folders.map((folder) => `${folder}/koffi.node`);
}

/** What src/lib/version.ts says, wherever it has been bundled. */
function tellVersion(file, version) {
  const text = readFileSync(file, "utf8");
  const told = text.replace(/^((?:export )?(?:const|var) version\d* = ")[^"]*(";)$/m, `$1${version}$2`);
  if (told !== text) writeFileSync(file, told);
}

/** Node is where its package has put it, whatever PATH says. */
function useOwnNode(program) {
  const text = readFileSync(program, "utf8");
  writeFileSync(program, text.replace("#!/usr/bin/env node", "#!/usr/bin/node"));
  chmodSync(program, 0o755);
}

/** What apps resolve by, and nothing that npm would act upon. */
function manifest(version) {
  const { name, description, license, type, engines, types, exports } = JSON.parse(
    readFileSync(join(TOP, "package.json"), "utf8"),
  );
  return { name, version, description, license, type, engines, types, exports };
}
