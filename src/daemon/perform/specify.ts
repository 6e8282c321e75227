import { availableParallelism } from "node:os";
import { asks } from "../../config/asks.js";
import type { Config } from "../../config/config.js";
import { readConfig } from "../../config/read.js";
import { parseAddress } from "../../lib/address.js";
import { type Failure, type FailureOf, type Result, succeed } from "../../lib/failure.js";
import type { Prepared } from "../../model/event.js";
import type { Plan, Specification } from "../../model/plan.js";
import { buildEnvironment } from "../../process/environment.js";
import { findCommand } from "../../process/find-command.js";
import { resolveRelease } from "../../release/resolve-release.js";

export type SpecificationFailure = FailureOf<"config"> | Failure<"release-invalid" | "command-missing">;

/**
 * Reads the config and the release anew, and checks all that can be checked before anything is started. `warn` hears
 * of what is right but hardly meant, `onConfig` of every config that can be read.
 */
export function readSpecification(
  configFile: string,
  warn: (message: string) => void = () => {},
  onConfig: (config: Config) => void = () => {},
): Result<Specification, SpecificationFailure> {
  const config = readConfig(configFile, { cwd: process.cwd(), cores: availableParallelism() });
  if (!config.ok) return config;
  onConfig(config.value);
  const { plan, listeners } = config.value;
  const verified = verifySpecification({ plan, listeners });
  if (verified.ok) warnOfOriginals(verified.value.plan, plan.release, warn);
  return verified;
}

/** Resolves the release and sees that the commands are there. */
export function verifySpecification({
  plan,
  listeners,
}: Specification): Result<Specification, SpecificationFailure> {
  const release = resolveRelease(plan.release);
  if (!release.ok) return release;
  return verifyCommands({ plan: { ...plan, release: release.value }, listeners }, release.value);
}

/** Sees that the commands are there, for processes that run in `directory`. */
export function verifyCommands(
  specification: Specification,
  directory: string,
): Result<Specification, SpecificationFailure> {
  const { plan } = specification;
  const { PATH } = buildEnvironment(process.env, plan.environment, {});
  for (const argv of commandsOf(plan)) {
    const [command] = argv;
    if (command === undefined) continue;
    const found = findCommand(command, directory, PATH);
    if (!found.ok) return found;
  }
  return succeed(specification);
}

function commandsOf({ command, check, ready: { rule } }: Plan): readonly (readonly string[])[] {
  return [command, check ?? [], rule.when === "command" ? rule.command : []];
}

/** A ready command that asks where the old workers answer, too, finds a version good that is not. */
export function warnOfAsking(
  { plan }: Specification,
  { held, listeners }: Pick<Prepared, "held" | "listeners">,
  warn: (message: string) => void,
): void {
  const { rule } = plan.ready;
  if (rule.when !== "command") return;
  const asked = held.find(({ id, address }) => {
    const parsed = parseAddress(address);
    return listeners.includes(id) && parsed.ok && asks(rule.command, parsed.value);
  });
  if (asked === undefined) return;
  const instead =
    'write when = "accepts" below [ready], and `verify` or `judge.health` to ask the new ones alone';
  warn(
    `ready.command asks ${asked.address}, where the old workers answer, too, so it says nothing of new ones; ${instead}`,
  );
}

/** An absolute path into the release is the release itself, whatever becomes of it, and not the snapshot. */
function warnOfOriginals(plan: Plan, configured: string, warn: (message: string) => void): void {
  if (!plan.snapshot) return;
  for (const word of commandsOf(plan).flat()) {
    const top = [configured, plan.release].find((release) => word.startsWith(`${release}/`));
    if (top === undefined) continue;
    const meant = `./${word.slice(top.length + 1)}`;
    warn(
      `${word} is in the release itself, which may change under a running generation; write ${meant} in the config to mean the snapshot`,
    );
  }
}
