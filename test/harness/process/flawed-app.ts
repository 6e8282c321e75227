import { cpSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathInCheckout } from "../container/checkout.js";
import type { Rig } from "./rig.js";

/** A Node app of test/apps/flawed; the one in Python needs gunicorn, which only the containers have. */
export type FlawedApp = "plain.js" | "native.mjs";

/** By the names that test/apps/flawed/flaws.js tells; what each file says. */
export type Flaws = Partial<
  Record<"never-accepts" | "other-port" | "fails" | "dies-at" | "slow-ms", string | number>
>;

/** Makes a version of the app with these flaws the current release, and has the config name it. Returns the release's directory. */
export function deployFlawed(rig: Rig, app: FlawedApp, version: string, flaws: Flaws = {}): string {
  const directory = join(rig.directory, `flawed-${version}`);
  cpSync(pathInCheckout("test", "apps", "flawed"), directory, { recursive: true });
  mkdirSync(join(directory, "node_modules"));
  symlinkSync(pathInCheckout(), join(directory, "node_modules", "holdfast"));
  for (const [file, text] of Object.entries({ ...flaws, version })) {
    writeFileSync(join(directory, file), String(text));
  }
  rig.deploy(directory);
  rig.app = [process.execPath, app];
  rig.configure();
  return directory;
}
