import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { temporaryDirectory } from "../linux/temporary-directory.js";

const run = promisify(execFile);
const skip = process.geteuid?.() !== 0 && "needs root to run something as somebody else";

test("what doctor runs as the service's user on root's terminal is not on that terminal", {
  skip,
  timeout: 30_000,
}, async (t) => {
  const directory = temporaryDirectory(t);
  const module = new URL("../../../src/doctor/gather/access.js", import.meta.url).href;
  const code = `
    import { gatherAccess } from ${JSON.stringify(module)};
    const properties = new Map([["User", "nobody"]]);
    const access = await gatherAccess({ name: "x.service", properties, sources: [] }, "/nowhere", undefined);
    if (access.user !== "nobody") throw new Error("it was not asked as nobody");
  `;
  writeFileSync(join(directory, "doctor.mjs"), code);
  // Field 7 is the controlling terminal: proc_pid_stat(5).
  const spy = `#!/bin/sh\ncut -d ' ' -f 7 /proc/$$/stat >'${directory}/terminal'\nexec /usr/bin/setpriv "$@"\n`;
  writeFileSync(join(directory, "setpriv"), spy, { mode: 0o755 });
  const line = `cut -d ' ' -f 7 /proc/$$/stat >'${directory}/mine'; PATH='${directory}':"$PATH" '${process.execPath}' '${directory}/doctor.mjs'`;
  await run("script", ["-qec", line, "/dev/null"]);
  assert.notEqual(readFileSync(join(directory, "mine"), "utf8").trim(), "0");
  assert.equal(readFileSync(join(directory, "terminal"), "utf8").trim(), "0");
});
