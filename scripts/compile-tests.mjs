// What tests, fuzz and soak run: all of src and test as tsc makes it, below build/.
import { spawnSync } from "node:child_process";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { bundleWhole } from "./bundle.mjs";
import { bundlePage } from "./bundle-page.mjs";

/** What process tests start a thousand times: bundled like the product, they start in half the time. */
const PROGRAMS = [
  "src/daemon",
  ...["faulty-daemon", "future-daemon", "puppet", "native-puppet"].map(
    (name) => `test/harness/process/${name}`,
  ),
];

/** Ends this process when it does not compile. */
export async function compileTests(top) {
  console.log("▶ type check, and compile the tests");
  rmSync(join(top, "build"), { recursive: true, force: true });
  const tsc = join(top, "node_modules", ".bin", "tsc");
  const { status } = spawnSync(tsc, ["-p", "tsconfig.json"], { cwd: top, stdio: "inherit" });
  if (status !== 0) {
    console.error("✖ type check, and compile the tests failed");
    process.exit(1);
  }
  await bundlePage(top, join(top, "build/src/page"));
  for (const program of PROGRAMS)
    await bundleWhole(join(top, `${program}.ts`), join(top, "build", `${program}.js`));
}
