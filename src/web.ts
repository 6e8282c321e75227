#!/usr/bin/env node
import { fileURLToPath } from "node:url";
import { exitConfig } from "./lib/exit-statuses.js";
import { parseWebOptions, webUsage } from "./web/options.js";
import { runWeb } from "./web/run-web.js";

const argv = process.argv.slice(2);
if (argv.some((word) => word === "--help" || word === "-h")) {
  process.stdout.write(`${webUsage}\n`);
  process.exit(0);
}
const options = parseWebOptions(argv);
if (!options.ok) {
  process.stderr.write(`holdfast-web: ${options.failure.message}\n${webUsage}\n`);
  process.exit(2);
}
const running = await runWeb(options.value, fileURLToPath(new URL("page", import.meta.url)));
if (!running.ok) {
  process.stderr.write(`holdfast-web: ${running.failure.message}\n`);
  process.exit(running.failure.reason.startsWith("config-") ? exitConfig : 1);
}
await running.value.ended;
process.exit(0);
