import { nearest } from "../lib/nearest.js";
import { drainEntries, readyEntries, rootEntries, verifyEntries } from "./config-schema.js";
import { controlEntries } from "./control-table.js";
import { historyEntries } from "./history-table.js";
import { hooksEntries } from "./hooks-table.js";
import { listenerEntries } from "./listeners.js";
import { metricsEntries } from "./metrics-table.js";
import { type KeyPath, type Problem, writeKey } from "./problem.js";
import {
  healthEntries,
  judgeEntries,
  probationEntries,
  rollbackEntries,
  trialEntries,
} from "./proof-tables.js";
import { isTable } from "./values.js";

/** Every key that nobody reads, each with the known one it was probably meant to be. */
export function findUnknownKeys(root: Record<string, unknown>): Problem[] {
  const listenerTables = isTable(root["listeners"]) ? Object.entries(root["listeners"]) : [];
  return [
    ...compare(root, rootEntries, []),
    ...listenerTables.flatMap(([name, entry]) => compare(entry, listenerEntries, ["listeners", name])),
    ...compare(root["ready"], readyEntries, ["ready"]),
    ...compare(root["drain"], drainEntries, ["drain"]),
    ...compare(root["verify"], verifyEntries, ["verify"]),
    ...compare(root["trial"], trialEntries, ["trial"]),
    ...compare(root["probation"], probationEntries, ["probation"]),
    ...compare(root["judge"], judgeEntries, ["judge"]),
    ...compare(isTable(root["judge"]) ? root["judge"]["health"] : undefined, healthEntries, [
      "judge",
      "health",
    ]),
    ...compare(root["rollback"], rollbackEntries, ["rollback"]),
    ...compare(root["history"], historyEntries, ["history"]),
    ...compare(root["hooks"], hooksEntries, ["hooks"]),
    ...compare(root["control"], controlEntries, ["control"]),
    ...compare(root["metrics"], metricsEntries, ["metrics"]),
  ];
}

/** The keys of a table that are none of `entries`. */
export function compare(value: unknown, entries: object, above: KeyPath): Problem[] {
  if (!isTable(value)) return [];
  const known = Object.keys(entries);
  return Object.keys(value)
    .filter((key) => !known.includes(key))
    .map((key) => {
      const meant = nearest(key, known);
      const hint = meant === undefined ? `known here: ${known.join(", ")}` : `did you mean \`${meant}\`?`;
      return { path: [...above, key], message: `unknown key \`${writeKey([key])}\`; ${hint}` };
    });
}
