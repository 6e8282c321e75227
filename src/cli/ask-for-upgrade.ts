import type { ControlClient } from "../control/client.js";
import { formatDuration } from "../lib/duration.js";
import { type Failure, fail, succeed } from "../lib/failure.js";
import type { News } from "../model/event.js";
import type { Outcome } from "../model/state.js";
import type { CommandLine, End } from "./command.js";
import { followDrain } from "./follow-drain.js";
import { followUpgrade, type WantedUpgrade } from "./follow-upgrade.js";
import { startPatience } from "./patience.js";
import { say } from "./print.js";

/** Told by the last line, which comes from the outcome. */
const leftToTheOutcome: ReadonlySet<string> = new Set([
  "generation-active",
  "upgrade-done",
  "upgrade-failed",
]);

/** Asks for it; unless told not to, says one line a step until it has ended, and the end tells whether it worked. */
export async function askForUpgrade(
  client: ControlClient,
  { flags, timeoutMs }: CommandLine,
  wanted: WantedUpgrade,
): Promise<End> {
  return flags.has("no-wait") ? ask(client, wanted) : askAndWait(client, wanted, timeoutMs);
}

async function ask(client: ControlClient, { command, wish }: WantedUpgrade): Promise<End> {
  const asked = await client.request(command, wish);
  if (!asked.ok) return asked;
  say(`upgrade ${asked.value} asked for`);
  return succeed("done");
}

async function askAndWait(
  client: ControlClient,
  wanted: WantedUpgrade,
  timeoutMs: number | undefined,
): Promise<End> {
  const patience = startPatience(timeoutMs);
  let id: number | undefined;
  let pid: number | undefined;
  const following = {
    signal: patience.signal,
    onAccepted: (upgrade: number) => {
      id = upgrade;
    },
    onNews: (news: News) => {
      pid = news.pid ?? pid;
      // In the journal the daemon has told it already.
      if (!leftToTheOutcome.has(news.event) && !isReloadCommand()) say(news.message);
    },
  };
  try {
    const result = await followUpgrade(client, wanted, following, (upgrade) => {
      if (isReloadCommand()) return "give-up";
      say(`the connection to the daemon broke; the next daemon is asked about upgrade ${upgrade}`);
      return "reconnect";
    });
    if (!result.ok && result.failure.reason === "daemon-gone" && isReloadCommand()) await endReload();
    if (result.ok) {
      const end = await conclude(client, result.value, pid);
      if (end.ok && process.stdout.isTTY) await followDrain(client, patience.signal);
      return end;
    }
    return result.failure.reason === "aborted" ? goesOn(patience.over(), id) : result;
  } finally {
    patience.end();
  }
}

/** systemd sets MAINPID for ExecReload= and the like: systemd.exec(5). It starts no next daemon before this has ended. */
function isReloadCommand(): boolean {
  return process.env["MAINPID"] !== undefined;
}

/**
 * The daemon's last word may have been RELOADING=1, and systemd would wait for the READY=1 of a dead process instead
 * of starting the next one. To a living daemon it is one READY=1 too many.
 */
async function endReload(): Promise<void> {
  const { openNotifier } = await import("../systemd/notify.js");
  openNotifier(process.env)?.send("READY=1");
}

async function conclude(client: ControlClient, outcome: Outcome, pid: number | undefined): Promise<End> {
  const { kind, generation, failure, tookMs } = outcome;
  if (failure !== null) return explain(client, outcome, failure, pid);
  say(`generation ${generation} is active; ${kind} took ${formatDuration(tookMs)}`);
  return succeed("done");
}

async function explain(
  client: ControlClient,
  { kind, generation }: Outcome,
  failure: Failure,
  pid: number | undefined,
): Promise<End> {
  const target = generation === null ? "" : ` to generation ${generation}`;
  const sentences = [`${kind}${target} failed: ${failure.message}`];
  const status = await client.status();
  if (status.ok) {
    const serving = status.value.generations.find(({ phase }) => phase === "active");
    sentences.push(
      serving === undefined ? "no generation is active" : `still serving generation ${serving.id}`,
    );
  }
  const lines = [sentences.join("; ")];
  if (generation !== null && status.ok) lines.push(whereOutputIs(status.value.unit, pid));
  return fail("upgrade-failed", lines.join("\n"));
}

/** Workers write to the journal or where the daemon does; none of it passes through the daemon. */
function whereOutputIs(unit: string | null, pid: number | undefined): string {
  if (unit === null) return "the worker's own output is where the daemon's is: on its terminal or in its log";
  const process = pid === undefined ? "" : ` _PID=${pid}`;
  return `the worker's own output: journalctl -u ${unit}${process} -n 50`;
}

function goesOn(why = "interrupted", id: number | undefined): End {
  const what =
    id === undefined
      ? "the daemon has not answered yet, and the upgrade may be under way"
      : `upgrade ${id} goes on`;
  return fail("gave-up-waiting", `${why}: ${what} (\`holdfast status\` tells)`);
}
