import { availableParallelism } from "node:os";
import { readConfig } from "../../config/read.js";
import { createControlClient } from "../../control/client.js";
import type { StatusReport } from "../../control/port.js";
import { controlSocketIn } from "../../lib/directories.js";
import { type Failure, fail, type Result, succeed } from "../../lib/failure.js";
import type { Facts, MachineFacts } from "../facts.js";
import { gatherAccess } from "./access.js";
import type { Instance } from "./find-instances.js";
import { gatherGenerationBytes, gatherTaken, gatherWorkers } from "./processes.js";
import { gatherSource } from "./source.js";
import { gatherSockets, gatherUnit } from "./units.js";

/**
 * All facts about one instance, as they would be with the config in `candidate`, should there be one. Changes nothing. Fails only when systemd
 * does not answer.
 */
export async function gatherFacts(
  instance: Instance,
  machine: MachineFacts,
  candidate: string | undefined,
): Promise<Result<Facts, Failure<"systemd-silent">>> {
  const { name } = instance;
  const configFile = candidate ?? instance.configFile;
  const unit = await gatherUnit(instance.unit);
  if (unit === undefined)
    return fail("systemd-silent", `cannot ask systemd about ${instance.unit}: no answer`);
  const sockets = await gatherSockets(unit);
  const config = readConfig(configFile, { cwd: "/", cores: availableParallelism() });
  const report = await askDaemon(name, unit.properties.get("RuntimeDirectory"));
  return succeed({
    name,
    unit,
    sockets,
    configFile,
    config,
    report,
    workers: gatherWorkers(report, config.ok ? config.value.plan.drain.signal : "SIGTERM"),
    generationBytes: gatherGenerationBytes(unit, report),
    taken: gatherTaken(unit, sockets, config.ok ? config.value : undefined, report),
    access: await gatherAccess(unit, instance.configFile, config.ok ? config.value : undefined),
    source: config.ok ? gatherSource(config.value.plan) : null,
    machine,
  });
}

async function askDaemon(
  instance: string,
  runtimeDirectory: string | undefined,
): Promise<StatusReport | null> {
  const [directory] = (runtimeDirectory ?? "").split(" ");
  if (!directory) return null;
  const socketPath = controlSocketIn(`/run/${directory}`);
  const report = await createControlClient({ socketPath, instance, wary: true, timeoutMs: 3_000 }).status();
  return report.ok ? report.value : null;
}
