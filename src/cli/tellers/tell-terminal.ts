import type { ControlClient } from "../../control/client.js";
import type { StatusReport } from "../../control/replies.js";
import type { AccountReport } from "../../lib/account.js";
import { formatDuration } from "../../lib/duration.js";
import { findAccount } from "../account/find-account.js";
import { sumUp } from "../account/sum-up.js";
import { pause } from "../patience.js";
import { lookOf, say } from "../print.js";
import { describeDrain } from "./describe-drain.js";
import { type Teller, tellNews } from "./teller.js";
import { startWaitingLine } from "./waiting-line.js";

const lookMs = 1_000;
const drainLookMs = 300;

/**
 * The news, each phase with its time as soon as it is over, a line that shows how long the present one takes already, and at the end three
 * lines of account, when what the upgrade leaves has ended or nobody waits any more.
 */
export function tellTerminal(client: ControlClient, signal: AbortSignal): Teller {
  const waiting = startWaitingLine();
  const began = Date.now();
  const told = new Set<number>();
  let upgrade: number | undefined;
  let current = "";
  let drains = false;
  let over = false;
  let asking: Promise<StatusReport | undefined> | undefined;

  const tell = (text: string): void => {
    waiting.clear();
    say(text);
  };
  const tellPhases = (account: AccountReport): void => {
    for (const [index, { phase, afterMs, tookMs }] of account.phases.entries()) {
      if (tookMs === null || told.has(index)) continue;
      told.add(index);
      // What stood by for hours has been started long ago.
      if (account.startedAt + afterMs + tookMs < began) continue;
      waiting.clear();
      const { paint } = lookOf(process.stdout);
      const line = `  ${phase.padEnd(10)} ${formatDuration(tookMs).padStart(12)}`;
      process.stdout.write(`${paint("dim", line)}\n`);
    }
  };
  const showPhase = (account: AccountReport, { generations }: StatusReport): void => {
    const open = account.phases.filter(({ tookMs }) => tookMs === null).map(({ phase }) => phase);
    if (open.length === 0) return;
    const phases = open.join(" and ");
    const detail = generations.find(({ id }) => id === account.new?.generation)?.detail ?? null;
    if (phases !== current) waiting.waitFor(phases);
    current = phases;
    waiting.show(detail === null ? phases : `${phases}: ${detail}`);
  };
  const ask = async (): Promise<StatusReport | undefined> => {
    const status = await client.status();
    if (!status.ok || over) return undefined;
    const account = status.value.accounts.find((one) => one.upgrade === upgrade);
    if (account === undefined) return status.value;
    tellPhases(account);
    if (!drains) showPhase(account, status.value);
    return status.value;
  };
  /** Never twice at a time: what is asked for meanwhile is told by the next look. */
  const look = (): Promise<StatusReport | undefined> => {
    asking ??= ask().finally(() => {
      asking = undefined;
    });
    return asking;
  };
  const timer = setInterval(look, lookMs);
  const leave = (): void => {
    over = true;
    clearInterval(timer);
    waiting.end();
  };

  const followDrain = async (): Promise<void> => {
    drains = true;
    let shown: string | undefined;
    while (!signal.aborted) {
      const report = await look();
      const drain = report === undefined ? undefined : describeDrain(report);
      if (drain === undefined) break;
      if (shown === undefined) waiting.waitFor(drain);
      shown = drain;
      waiting.show(drain);
      await pause(drainLookMs, signal);
    }
    if (shown !== undefined) tell(signal.aborted ? `${shown}; it goes on` : "the old generation has ended");
  };

  return {
    accepted: (id) => {
      upgrade = id;
    },
    news: (news) => {
      tellNews(news, (message) => {
        tell(message);
        waiting.waitFor(`since: ${message}`);
        current = "";
      });
      void look();
    },
    say: tell,
    ended: async () => {
      await asking;
      await look();
    },
    conclude: async (outcome) => {
      if (outcome === null) return;
      if (outcome.failure === null) await followDrain();
      leave();
      const account = await findAccount(client, outcome.upgrade);
      if (account === null) return;
      tellPhases(account);
      if (hasServed(account)) for (const line of sumUp(account)) say(line);
      // Its trial was good, and what came after was not.
      if (outcome.failure === null && outcome.verdict === null && account.verdict?.kind === "rejected")
        say(`and yet it was rejected since: ${account.verdict.failure.message}`);
    },
    leave,
  };
}

/** Whether clients could notice it; before that there is nothing to sum up. A candidate that fails drains, too. */
function hasServed({ phases, failure }: AccountReport): boolean {
  return phases.some(({ phase }) => clientsNotice.has(phase) || (phase === "drain" && failure === null));
}

const clientsNotice: ReadonlySet<string> = new Set(["step-aside", "trial", "probation"]);
