import type { HistoryEntry } from "../control/replies.js";
import { formatAge } from "./figures.js";
import { sayAsked, sayEnd } from "./in-words.js";
import { AccountFigures } from "./upgrade/account.js";
import { PhaseRow } from "./upgrade/phase-row.js";
import { Badge, Clock, Generation } from "./words.js";

const shownAtMost = 50;

/** The generations that ran, newest first, each with the account of the upgrade that made it. */
export function History({
  history,
  now,
}: {
  readonly history: readonly HistoryEntry[];
  readonly now: number;
}) {
  if (history.length === 0) return <p class="empty">Nothing is written down yet.</p>;
  return (
    <ul class="history">
      {history
        .slice(-shownAtMost)
        .toReversed()
        .map((entry) => (
          <li key={entry.generation}>
            <details>
              <summary>
                <Generation id={entry.generation} version={entry.version} />
                <Badge said={sayEnd(entry)} />
                <span class="because">{entry.origin?.asked?.message ?? ""}</span>
                <Clock at={entry.from} day />
              </summary>
              <Entry entry={entry} now={now} />
            </details>
          </li>
        ))}
    </ul>
  );
}

function Entry({ entry, now }: { readonly entry: HistoryEntry; readonly now: number }) {
  const { origin, account, note, release, commit, from, to, wayBack, returnable } = entry;
  return (
    <div class="entry">
      <p>
        {note}. {origin !== null && `Came by ${origin.kind}, ${sayAsked(origin.kind, origin.asked)}. `}
        {to === null ? `Here for ${formatAge(now - from)}.` : `Was here for ${formatAge(to - from)}.`}
        {wayBack ? " A rollback returns to it." : returnable && " It can be rolled back to."}
      </p>
      <p class="address">
        {release}
        {commit !== null && ` at ${commit.slice(0, 10)}`}
      </p>
      {account === null ? (
        <p class="empty">No account of its upgrade was written down.</p>
      ) : (
        <>
          <PhaseRow account={account} now={now} />
          <AccountFigures account={account} />
        </>
      )}
    </div>
  );
}
