import { availableParallelism } from "node:os";
import { readConfig } from "../config/read.js";
import { type Result, succeed } from "../lib/failure.js";
import type { Plan, Specification } from "../model/plan.js";
import { buildEnvironment } from "../process/environment.js";
import { findCommand } from "../process/find-command.js";
import { resolveRelease } from "../release/resolve-release.js";

/** Reads the config and the release anew, and checks all that can be checked before anything is started. */
export function readSpecification(configFile: string): Result<Specification> {
  const config = readConfig(configFile, { cwd: process.cwd(), cores: availableParallelism() });
  if (!config.ok) return config;
  const { plan, listeners } = config.value;
  return verifySpecification({ plan, listeners });
}

/** Resolves the release and sees that the commands are there. */
export function verifySpecification({ plan, listeners }: Specification): Result<Specification> {
  const release = resolveRelease(plan.release);
  if (!release.ok) return release;
  const resolved: Plan = { ...plan, release: release.value };
  const { PATH } = buildEnvironment(process.env, plan.environment, {});
  const { rule } = plan.ready;
  const commands = [plan.command, plan.check, rule.when === "command" ? rule.command : null];
  for (const argv of commands) {
    const [command] = argv ?? [];
    if (command === undefined) continue;
    const found = findCommand(command, resolved.release, PATH);
    if (!found.ok) return found;
  }
  return succeed({ plan: resolved, listeners });
}
