import type { ControlClient } from "../../control/client.js";
import type { StatusReport } from "../../control/replies.js";
import { type Failure, fail, type Result, succeed } from "../../lib/failure.js";
import { version } from "../../lib/version.js";
import { reachDaemon } from "../ask-daemon.js";
import type { CommandLine } from "../command.js";

/** One of the instances that are upgraded together. */
export interface Member {
  readonly name: string;
  readonly client: ControlClient;
}

/** One whose new generation stands by. */
export interface Staged extends Member {
  readonly generation: number;
  /** The one that serves meanwhile: what is gone back to. */
  readonly before: number;
}

/** Looks at every one before anything is asked of any: all of them, or why that cannot be. */
export async function findMembers(
  names: readonly string[],
  line: CommandLine,
): Promise<Result<readonly Member[], Failure>> {
  const found = await Promise.all(names.map((name) => findMember(name, line)));
  const failures = found.flatMap((one) => (one.ok ? [] : [one.failure]));
  const [first] = failures;
  if (first === undefined) return succeed(found.flatMap((one) => (one.ok ? [one.value] : [])));
  const messages = failures.map(({ message }) => message);
  return fail(first.reason, [...messages, "nothing was asked of any instance"].join("\n"));
}

async function findMember(name: string, { command, flags }: CommandLine): Promise<Result<Member, Failure>> {
  const client = await reachDaemon({ command, flags, name });
  if (!client.ok) return client;
  const status = await client.value.status();
  if (!status.ok) return fail(status.failure.reason, `${name}: ${status.failure.message}`);
  const obstacle = findObstacle(status.value);
  if (obstacle !== undefined) return fail("not-together", `${name}: ${obstacle}`);
  return succeed({ name, client: client.value });
}

/** As it stands by, beside what serves; undefined where nothing stands by. Fails like `status`. */
export async function findStaged(member: Member): Promise<Result<Staged | undefined, Failure>> {
  const status = await member.client.status();
  if (!status.ok) return status;
  const { generations, upgrade } = status.value;
  const idOf = (phase: string): number | undefined => generations.find((one) => one.phase === phase)?.id;
  const [generation, before] = [idOf("candidate"), idOf("active")];
  if (upgrade !== null || generation === undefined || before === undefined) return succeed(undefined);
  return succeed({ ...member, generation, before });
}

/** An older daemon would not know which generation is meant; where none serves there is nothing to go back to. */
function findObstacle({ name, version: theirs, generations, lifecycle }: StatusReport): string | undefined {
  if (theirs !== version)
    return `its daemon is version ${theirs} and this is ${version}; \`holdfast -n ${name} reexec\` starts the installed one`;
  if (lifecycle === "running" && generations.some(({ phase }) => phase === "active")) return undefined;
  return `it is ${lifecycle}, and no generation serves that it could go back to; \`holdfast -n ${name} upgrade\` brings one`;
}
