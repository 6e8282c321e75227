import { execFile } from "node:child_process";
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, delimiter, join } from "node:path";
import { promisify } from "node:util";
import { pathInCheckout } from "../container/checkout.js";
import { HarnessError } from "../harness-error.js";
import { buildAddOn, buildOnce, type Kind, makeOnce } from "./build-package.js";

const run = promisify(execFile);
const BUILD_TIMEOUT_MS = 60_000;

/** packaging/examples: `chat` is native, `wsgi` plain. */
export const EXAMPLES = ["chat", "wsgi"] as const;
export type Example = (typeof EXAMPLES)[number];

/**
 * What is wrong with a version: its program crashes, is never ready, does not pass `verify` (chat) or `check` (wsgi), or ends by
 * itself soon after it was ready.
 */
export type Flaw = "crashes at boot" | "is never ready" | "fails its verification" | "does not last";

/** In a file of the example's folder, one text for another. */
type Edit = readonly [file: string, from: string | RegExp, to: string];

const IMPATIENT: Record<Example, Edit> = {
  chat: ["holdfast.toml", "[listeners.http]", '[ready]\ntimeout = "2s"\n\n[listeners.http]'],
  wsgi: ["holdfast.toml", "[listeners.http]", '[ready]\ntimeout = "2s"\n\n[listeners.http]'],
};
/** Long enough to be found bad in, short enough to wait for. */
const SWIFT: Edit = ["holdfast.toml", "[listeners.http]", '[probation]\ntime = "5s"\n\n[listeners.http]'];
/** The check would find it before a worker does. */
const UNCHECKED: Edit = ["holdfast.toml", "check   =", "# check ="];

const FLAWS: Record<Example, Record<Flaw, readonly Edit[]>> = {
  chat: {
    "crashes at boot": [["app/server.js", "const server =", 'throw new Error("bad");\nconst server =']],
    "is never ready": [
      IMPATIENT.chat,
      ["app/server.js", "await serve(", "setInterval(() => {}, 1e6); void ("],
    ],
    "fails its verification": [
      ["app/server.js", 'response.setHeader("X-', 'response.statusCode = 500;\n  response.setHeader("X-'],
    ],
    "does not last": [
      // From when it accepts: it has been committed by then, however long its start took.
      [
        "app/server.js",
        "await serve(",
        'server.on("listening", () => setTimeout(() => process.exit(1), 2_000));\nawait serve(',
      ],
    ],
  },
  wsgi: {
    "crashes at boot": [UNCHECKED, ["app/app.py", "VERSION =", 'raise RuntimeError("bad")\nVERSION =']],
    "is never ready": [IMPATIENT.wsgi, UNCHECKED, ["app/app.py", "VERSION =", "time.sleep(1000)\nVERSION ="]],
    "fails its verification": [["app/app.py", "VERSION =", 'raise RuntimeError("bad")\nVERSION =']],
    // With --preload it is the arbiter that ends, as after a SIGTERM.
    "does not last": [
      UNCHECKED,
      [
        "app/app.py",
        "VERSION =",
        "import os, threading\nthreading.Timer(1.5, os.kill, (os.getpid(), 15)).start()\nVERSION =",
      ],
    ],
  },
};

/** Where each says its version. */
const VERSIONS: Record<Example, (version: string) => readonly Edit[]> = {
  chat: (version) => [["app/package.json", '"version": "1"', `"version": "${version}"`]],
  wsgi: (version) => [["app/version", "1", version]],
};

/** The plain example before it used Holdfast: gunicorn is the service. */
const BEFORE: readonly Edit[] = [
  ["app/version", "1", "0"],
  ["debian/changelog", "(1)", "(0)"],
  ["debian/control", ", dh-sequence-holdfast", ""],
  ["debian/control", " holdfast,", ""],
  ["debian/rules", " --with holdfast", ""],
  ["debian/example-wsgi.service", / holdfast-user@\S*/g, ""],
  [
    "debian/example-wsgi.service",
    /^Type=notify$[\s\S]*?(?=^\[Install\])/m,
    `Type=notify
Environment=PYTHONDONTWRITEBYTECODE=1
WorkingDirectory=/usr/share/example-wsgi/app
ExecStart=/usr/bin/gunicorn --preload app:app

`,
  ],
  ["example-wsgi.spec", "Version:  1", "Version:  0"],
  ["example-wsgi.spec", /^%(post|posttrans|preun|postun)\n%holdfast_.*\n/gm, ""],
];

/**
 * The package of an example in a version, once a run of the tests. Version 1, and each .rpm, is
 * built by the example's own debian/ or spec with this checkout's add-on and macros; the other .deb are that one with other files.
 * Returns its path from the top of the checkout.
 */
export function buildExample(kind: Kind, example: Example, version: string, flaw?: Flaw): Promise<string> {
  const edits = [...VERSIONS[example](version), ...(flaw === undefined ? [] : FLAWS[example][flaw])];
  const name = [kind, example, version, ...(flaw?.split(" ") ?? [])].join("-");
  return buildOnce(name, async (folder) => {
    if (kind === "deb" && version !== "1") return changeDeb(folder, example, version, edits);
    const spec: Edit = [`example-${example}.spec`, "Version:  1", `Version:  ${version}`];
    await build(folder, kind, example, [SWIFT, spec, ...edits]);
  });
}

/** Version 0 of the plain example, from before it used Holdfast. */
export function buildBefore(kind: Kind): Promise<string> {
  return buildOnce(`${kind}-wsgi-before`, (folder) => build(folder, kind, "wsgi", BEFORE));
}

async function build(folder: string, kind: Kind, example: Example, edits: readonly Edit[]): Promise<void> {
  const work = await mkdtemp(join(tmpdir(), "holdfast-example-"));
  try {
    const source = join(work, "source");
    await prepare(source, example, edits);
    const file = kind === "deb" ? await buildDeb(source) : await buildRpm(source, example);
    await cp(file, join(folder, basename(file)));
  } finally {
    await rm(work, { recursive: true });
  }
}

async function changeDeb(
  folder: string,
  example: Example,
  version: string,
  edits: readonly Edit[],
): Promise<void> {
  const tree = join(folder, "tree");
  await run("dpkg-deb", ["--raw-extract", pathInCheckout(await buildExample("deb", example, "1")), tree]);
  await edit(join(tree, "usr/share", `example-${example}`), edits);
  await edit(join(tree, "DEBIAN"), [["control", "Version: 1\n", `Version: ${version}\n`]]);
  const file = join(folder, `example-${example}_${version}_all.deb`);
  await run("dpkg-deb", ["--build", "--root-owner-group", "-Znone", tree, file]);
  await rm(tree, { recursive: true });
}

/**
 * For rpm and dnf on Debian: a package without files that provides what these .rpm (named from the top of the checkout) require of a
 * distribution: Debian's own packages have it.
 */
export function buildBaseRpm(rpms: readonly string[]): Promise<string> {
  return buildOnce("rpm-base", async (folder) => {
    const files = rpms.map((file) => pathInCheckout(file));
    const { stdout } = await run("rpm", ["-qp", "--requires", ...files]);
    const provided = [...new Set(stdout.split("\n"))]
      .filter((line) => line !== "" && !line.startsWith("rpmlib(") && line !== "holdfast")
      .map((line) => `Provides: ${line.replace(" >= ", " = ")}`);
    const head =
      "Name: base\nVersion: 1\nRelease: 1\nSummary: What Debian has\nLicense: MIT\nBuildArch: noarch";
    await writeFile(
      join(folder, "base.spec"),
      [head, ...provided, "%description", "What Debian has.", "%files", ""].join("\n"),
    );
    await run("rpmbuild", ["-bb", "--quiet", "--define", `_topdir ${folder}/top`, "base.spec"], {
      cwd: folder,
    });
    await cp(await findIn(join(folder, "top/RPMS/noarch"), ".rpm"), join(folder, "base.rpm"));
    await Promise.all(["top", "base.spec"].map((name) => rm(join(folder, name), { recursive: true })));
  });
}

/** The sources with what `npm ci` brings. */
async function prepare(source: string, example: Example, edits: readonly Edit[]): Promise<void> {
  await cp(pathInCheckout("packaging", "examples", example), source, { recursive: true });
  if (example === "chat") {
    await cp(pathInCheckout("node_modules", "ws"), join(source, "app/node_modules/ws"), { recursive: true });
  }
  await edit(source, edits);
}

async function edit(folder: string, edits: readonly Edit[]): Promise<void> {
  for (const [file, from, to] of edits) {
    const path = join(folder, file);
    const text = await readFile(path, "utf8");
    const isThere = typeof from === "string" ? text.includes(from) : text.search(from) >= 0;
    if (!isThere) throw new HarnessError("package", `cannot find ${from} in ${path}`);
    await writeFile(
      path,
      text.replace(from, () => to),
    );
  }
}

async function buildDeb(source: string): Promise<string> {
  const addOn = await unpackAddOn();
  const env = {
    ...process.env,
    PATH: [join(addOn, "usr/bin"), process.env["PATH"]].join(delimiter),
    PERL5LIB: join(addOn, "usr/share/perl5"),
    DH_AUTOSCRIPTDIR: join(addOn, "usr/share/debhelper/autoscripts"),
  };
  // -d: the add-on is not installed on this machine.
  const argv = ["--build=binary", "--unsigned-changes", "--no-sign", "-d"];
  await run("dpkg-buildpackage", argv, { cwd: source, env, timeout: BUILD_TIMEOUT_MS });
  return findIn(join(source, ".."), ".deb");
}

async function buildRpm(source: string, example: Example): Promise<string> {
  const top = join(source, "..", "rpm");
  const macros = pathInCheckout("packaging/rpm/macros.holdfast");
  const options = ["-bb", "--quiet", "--nodeps", "--build-in-place", "--define", `_topdir ${top}`];
  await run("rpmbuild", [`--load=${macros}`, ...options, `example-${example}.spec`], {
    cwd: source,
    timeout: BUILD_TIMEOUT_MS,
  });
  return findIn(join(top, "RPMS/noarch"), ".rpm");
}

async function findIn(folder: string, suffix: string): Promise<string> {
  const file = (await readdir(folder)).find((name) => name.endsWith(suffix));
  if (file !== undefined) return join(folder, file);
  throw new HarnessError("package", `cannot find the package that was built in ${folder}`);
}

async function unpackAddOn(): Promise<string> {
  const addOn = await buildAddOn();
  return makeOnce("add-on", async (folder) => {
    await run("dpkg-deb", ["--extract", pathInCheckout(addOn), folder]);
  });
}
