/** command-time.js COMMAND...: how many ms a command takes from its start to its end. */

import { spawnSync } from "node:child_process";

const [command = "", ...args] = process.argv.slice(2);
const startMs = performance.now();
spawnSync(command, args, { stdio: "ignore" });
console.log(performance.now() - startMs);
