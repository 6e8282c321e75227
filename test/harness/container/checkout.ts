import { existsSync } from "node:fs";
import { join } from "node:path";
import { HarnessError } from "../harness-error.js";

/** Absolute path of something in the checkout. Tests run from its top, as `npm test` does; anything else throws. */
export function pathInCheckout(...parts: string[]): string {
  const top = process.cwd();
  if (!existsSync(join(top, "test", "harness", "container"))) {
    throw new HarnessError("cwd", `cannot find the checkout: ${top} is not its top folder`);
  }
  return join(top, ...parts);
}
