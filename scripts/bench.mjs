// Builds and runs the benchmark. As root it installs wrk (Debian's load generator); without it the tests' load client does.
import { spawnSync } from "node:child_process";
import { existsSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { bundleWhole } from "./bundle.mjs";
import { bundlePage } from "./bundle-page.mjs";

const TOP = dirname(dirname(fileURLToPath(import.meta.url)));

function run(command, ...args) {
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  return spawnSync(command, args, { cwd: TOP, stdio: "inherit", env }).status;
}

function must(command, ...args) {
  const status = run(command, ...args);
  if (status !== 0) process.exit(status ?? 1);
}

if (process.getuid() !== 0) {
  console.error("the benchmark boots a container, which needs root: sudo npm run bench");
  process.exit(1);
}
if (!existsSync("/usr/bin/wrk")) run("apt-get", "install", "-y", "-qq", "--no-install-recommends", "wrk");
must("npm", "run", "--silent", "build");
rmSync(join(TOP, "build"), { recursive: true, force: true });
must(join(TOP, "node_modules", ".bin", "tsc"), "-p", "tsconfig.json");
await bundlePage(TOP, join(TOP, "build/src/page"));
// As it is shipped: half of a start is what is to be loaded.
await bundleWhole(join(TOP, "test/bench/timed-daemon.ts"), join(TOP, "build/test/bench/timed-daemon.js"));
must(process.execPath, join("build", "test", "bench", "bench.js"), ...process.argv.slice(2));
