import type { ControlClient, Following } from "../control/client.js";
import type { ControlFailure, StatusReport } from "../control/replies.js";
import type { Wait } from "../control/upgrade-wish.js";
import { formatDuration } from "../lib/duration.js";
import { fail, type Result, succeed } from "../lib/failure.js";
import type { ModelFailure } from "../model/failure.js";
import type { Outcome } from "../model/upgrade-state.js";
import type { End } from "./command.js";
import { explainOutput } from "./explain-output.js";
import { awaitLastOutput, layOutput, type Wanted } from "./last-output.js";
import { isReloadCommand } from "./main-process.js";

/** An upgrade that was waited for, and has ended. */
export interface Ended {
  readonly outcome: Outcome;
  /** What it is called when all went well. */
  readonly done: "active" | "staged" | "kept";
  /** What was waited for. */
  readonly wait: Wait;
  /** For what has to be waited for besides. */
  readonly following: Following;
  /** How what ended well is told. */
  readonly say: (text: string) => void;
}

/** Says how it ended, or fails with the reason, what serves, and where to look. */
export async function tellEnd(client: ControlClient, ended: Ended): Promise<End> {
  const { outcome, done, wait, say } = ended;
  const { kind, generation, failure, tookMs } = outcome;
  if (failure !== null) return tellFailure(client, ended, failure);
  if (wait === "proved") return tellVerdict(client, ended);
  const ways = {
    active: `generation ${generation} is active; ${kind} took ${formatDuration(tookMs)}`,
    staged: `generation ${generation} stands by after ${formatDuration(tookMs)}; \`holdfast commit\` lets it serve`,
    kept: `generation ${generation} is kept; the one before it drains`,
  };
  say(ways[done]);
  return succeed("done");
}

async function tellVerdict(client: ControlClient, ended: Ended): Promise<End> {
  const { generation, kind, tookMs, verdict } = ended.outcome;
  switch (verdict?.kind) {
    case "proved":
      ended.say(`generation ${generation} has proved itself; ${kind} took ${formatDuration(tookMs)}`);
      return succeed("done");
    case "rejected":
      return tellRejection(client, ended, verdict.failure);
    case "replaced":
      return fail(
        "upgrade-failed",
        `generation ${generation} was replaced, or told to drain, before it had proved itself`,
      );
    case undefined:
      return fail(
        "upgrade-failed",
        `cannot tell whether generation ${generation} has proved itself: the daemon is of a version that does not judge`,
      );
    default:
      return verdict satisfies never;
  }
}

async function tellFailure(
  client: ControlClient,
  { outcome: { kind, generation } }: Ended,
  failure: ModelFailure,
): Promise<End> {
  const target = generation === null ? "" : ` to generation ${generation}`;
  const sentences = [`${kind}${target} failed: ${failure.message}`];
  const status = await client.status();
  if (status.ok) sentences.push(whatServes(status.value, "still serving"));
  const lines = [sentences.join("; ")];
  if (generation !== null && status.ok) {
    lines.push(...(await tellOutput(status.value, generation, failure)));
  }
  return fail("upgrade-failed", lines.join("\n"));
}

/** The last lines of what failed, what they mean, and where the rest is. In a reload they are in the journal above already. */
async function tellOutput(
  { name, unit, pid, listeners }: StatusReport,
  generation: number,
  { output }: ModelFailure,
): Promise<readonly string[]> {
  if (isReloadCommand()) return [];
  if (output !== undefined) return ["it printed:", ...output.split("\n").map((line) => `  ${line}`)];
  const wanted = { name, unit, pid, generation };
  const found = await awaitLastOutput(wanted);
  const meaning = explainOutput(found, listeners);
  return [
    ...layOutput(generation, found),
    ...(meaning === undefined ? [] : [meaning]),
    whereOutputIs(wanted),
  ];
}

/** The way back is an upgrade of its own, which has begun by itself, and is waited for. */
async function tellRejection(
  client: ControlClient,
  { outcome: { generation }, following }: Ended,
  failure: ModelFailure,
): Promise<End> {
  const sentences = [`upgrade to generation ${generation} failed: ${failure.message}`];
  const status = await afterWayBack(client, generation, following);
  if (status.ok) {
    const { rolledBack } = status.value;
    const back = rolledBack?.from === generation ? `rolled back to generation ${rolledBack.to}` : undefined;
    sentences.push(back ?? whatServes(status.value, "serving"));
  }
  const lines = [sentences.join("; ")];
  if (status.ok && generation !== null) lines.push(...(await tellOutput(status.value, generation, failure)));
  return fail("upgrade-failed", lines.join("\n"));
}

async function afterWayBack(
  client: ControlClient,
  generation: number | null,
  following: Following,
): Promise<Result<StatusReport, ControlFailure>> {
  const status = await client.status();
  if (!status.ok || status.value.upgrade === null || activeIn(status.value) !== generation) return status;
  await client.resume(status.value.upgrade.id, { ...following, wait: "done" });
  return client.status();
}

function activeIn({ generations }: StatusReport): number | undefined {
  return generations.find(({ phase }) => phase === "active")?.id;
}

function whatServes(status: StatusReport, how: string): string {
  const active = activeIn(status);
  return active === undefined ? "no generation is active" : `${how} generation ${active}`;
}

/** Workers write to the journal or where the daemon does; none of it passes through the daemon. */
function whereOutputIs({ name, unit, generation }: Wanted): string {
  if (unit === null) return "the worker's own output is where the daemon's is: on its terminal or in its log";
  return `all that it wrote: journalctl -u ${unit} -t ${name}/${generation}`;
}

export function goesOn(why = "interrupted", id: number | undefined): End {
  const what =
    id === undefined
      ? "the daemon has not answered yet, and the upgrade may be under way"
      : `upgrade ${id} goes on`;
  return fail("gave-up-waiting", `${why}: ${what} (\`holdfast status\` tells)`);
}
