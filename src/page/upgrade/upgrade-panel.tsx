import type { HistoryEntry, NumbersReport, StatusReport } from "../../control/replies.js";
import type { AccountReport } from "../../lib/account.js";
import type { Sample } from "../../web/feed.js";
import { BandsPicture } from "../bands/bands-picture.js";
import { formatAge, formatCount } from "../figures.js";
import { activeOf, sayAccount, sayAsked } from "../in-words.js";
import { Ago, Badge } from "../words.js";
import { AccountFigures } from "./account.js";
import { flowOf, isFlowing } from "./flow.js";
import { FlowPicture } from "./flow-picture.js";
import { PhaseRow } from "./phase-row.js";
import { Processes } from "./processes.js";

/** Around an upgrade, so that one sees what was before and after. */
const marginMs = 5_000;

/** The upgrade that is under way, else the last one: its phases, what passes between the processes, its figures. */
export function UpgradePanel({
  status,
  history,
  samples,
  now,
}: {
  readonly status: StatusReport;
  readonly history: readonly HistoryEntry[];
  readonly samples: readonly Sample[];
  readonly now: number;
}) {
  const account = accountsOf(status, history).at(-1);
  if (account === undefined) return <p class="empty">No upgrade has been accounted for yet.</p>;
  const { kind, upgrade, asked, startedAt, endedAt, failure, verdict } = account;
  const said = sayAccount(account);
  const flow = flowOf(account, status);
  const versions = versionsOf(status, history);
  const from = startedAt - marginMs;
  const to = Math.min(now, (endedAt ?? now) + marginMs);
  const around = samples.filter(({ at }) => at >= from && at <= to);
  const why = failure ?? (verdict?.kind === "rejected" ? verdict.failure : null);
  return (
    <>
      <p class="asked">
        <b>
          {titles[kind]} {upgrade}
        </b>{" "}
        <Badge said={said} /> asked for {sayAsked(kind, asked)}, <Ago at={startedAt} now={now} />
        {asked?.message != null && <q>{asked.message}</q>}
      </p>
      {why !== null && !status.degraded?.includes(why.message) && <p class="why">{why.message}</p>}
      <PhaseRow account={account} now={now} />
      {flow !== null && isFlowing(account, flow) ? (
        <FlowPicture flow={flow} versions={versions} moving={isMoving(account, now)} />
      ) : (
        endedAt === null && <Processes status={status} />
      )}
      {around.length > 1 && (
        <BandsPicture
          title={`Generations in the time of the ${kind}`}
          samples={around}
          from={from}
          to={to}
          versions={versions}
          accounts={[account]}
        />
      )}
      <Judged status={status} />
      <details>
        <summary>All figures of this {kind}</summary>
        <AccountFigures account={account} />
      </details>
    </>
  );
}

/** So long one goes on seeing that connections move: it may be over in the blink of an eye. */
const afterglowMs = 4_000;

function isMoving({ phases, startedAt }: AccountReport, now: number): boolean {
  const drain = phases.findLast(({ phase }) => phase === "drain");
  if (drain === undefined) return false;
  return drain.tookMs === null || startedAt + drain.afterMs + drain.tookMs + afterglowMs > now;
}

const titles: Readonly<Record<AccountReport["kind"], string>> = {
  start: "Start",
  fallback: "Fallback",
  upgrade: "Upgrade",
  restart: "Restart",
  rollback: "Rollback",
};

/** Of all upgrades that are known, the newest last; one that is not over is as it is now, not as it was written down. */
export function accountsOf(
  { accounts }: StatusReport,
  history: readonly HistoryEntry[],
): readonly AccountReport[] {
  const all = new Map<number, AccountReport>();
  for (const { account } of history) if (account !== null) all.set(account.upgrade, account);
  for (const account of accounts) all.set(account.upgrade, account);
  return [...all.values()].sort((one, other) => one.startedAt - other.startedAt);
}

export function versionsOf(
  { generations }: StatusReport,
  history: readonly HistoryEntry[],
): ReadonlyMap<number, string | null> {
  return new Map([
    ...history.map(({ generation, version }) => [generation, version] as const),
    ...generations.map(({ id, version }) => [id, version] as const),
  ]);
}

/** What the judges compare, as long as they do. */
function Judged({ status }: { readonly status: StatusReport }) {
  const proof = activeOf(status)?.proof ?? null;
  if (proof?.now == null) return null;
  const { now, before, leftMs, share } = proof;
  return (
    <p class="judged">
      On {proof.kind}, generation {now.generation}: {inWords(now)}
      {before !== null && `; generation ${before.generation}: ${inWords(before)}`}.
      {share?.measured != null && ` It takes ${percent(share.measured)} of the new connections.`}
      {leftMs !== null && ` ${formatAge(leftMs)} to go.`}
    </p>
  );
}

function inWords({ responses, failed, deaths }: NumbersReport): string {
  const answered =
    responses === 0
      ? "no response counted"
      : `${formatCount(responses)} responses, ${percent(failed / responses)} failed`;
  return `${answered}, ${deaths === 0 ? "no worker died" : `workers died: ${deaths}`}`;
}

function percent(share: number): string {
  return `${Number((100 * share).toFixed(1))} %`;
}
