// npm run audit: asks the registry whether a fault is known of a package of the lock file. Ends with 0 when none is, with 1 when there is
// one, and with 2 when nobody could be asked. No part of `npm run check`, which works without a network and says the same of the same
// checkout on every day.
import { spawnSync } from "node:child_process";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";

const TOP = dirname(dirname(fileURLToPath(import.meta.url)));

const { stdout } = spawnSync("npm", ["audit", "--json"], { cwd: TOP, encoding: "utf8" });
const report = parse(stdout ?? "");
if (report?.vulnerabilities === undefined) {
  console.error(`cannot audit: the registry gives no answer (${report?.message ?? "npm says nothing"})`);
  process.exit(2);
}
const found = Object.values(report.vulnerabilities);
for (const { name, severity, range, via } of found) {
  const [first] = via;
  const what = typeof first === "string" ? `by way of ${first}` : `${first.title}, ${first.url}`;
  console.log(`${name} ${range}: ${severity}: ${what}`);
}
console.log(`${report.metadata.dependencies.total} packages, ${found.length} with known faults`);
process.exit(found.length === 0 ? 0 : 1);

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
