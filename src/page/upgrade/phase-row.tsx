import type { AccountReport } from "../../lib/account.js";
import { formatDuration } from "../../lib/duration.js";
import type { PhaseName } from "../../lib/phases.js";

/** What happens in each, for whoever sees one for the first time. */
const meanings: Readonly<Record<PhaseName, string>> = {
  prepare: "The config is read and the listeners are made ready.",
  copy: "The release is copied into a snapshot of its own.",
  check: "The check of the new version runs.",
  "step-aside": "The old version ends first, to make room.",
  start: "The new workers are started.",
  ready: "The new workers get ready; the old ones serve.",
  verify: "The new workers are tried before anybody else reaches them.",
  staged: "The new version stands by until it is committed.",
  trial: "Both versions serve, and the new one is judged against the old one.",
  drain: "The old version finishes what it has begun, and hands over its connections.",
  probation: "The new version serves alone, and is judged.",
};

/** Those that most upgrades have, to show what is still to come. */
const usual: readonly PhaseName[] = ["prepare", "copy", "start", "ready", "trial", "drain", "probation"];

type Phase = AccountReport["phases"][number];

/** An upgrade's phases with their times, those under way marked, those to come faint. */
export function PhaseRow({ account, now }: { readonly account: AccountReport; readonly now: number }) {
  const { phases, endedAt, startedAt } = account;
  const running = endedAt === null ? phases.filter(({ tookMs }) => tookMs === null) : [];
  const failed = whereItFailed(account);
  return (
    <>
      <ol class="phases">
        {phases.map((phase) => (
          <Step
            key={`${phase.phase} ${phase.afterMs}`}
            name={phase.phase}
            look={phase === failed ? "bad" : running.includes(phase) ? "running" : "past"}
            ms={phase.tookMs ?? (running.includes(phase) ? now - startedAt - phase.afterMs : null)}
          />
        ))}
        {endedAt === null &&
          failed === undefined &&
          toCome(phases).map((name) => <Step key={name} name={name} look="to-come" ms={null} />)}
      </ol>
      {running.length > 0 && <p class="meaning">{running.map(({ phase }) => meanings[phase]).join(" ")}</p>}
    </>
  );
}

const looks = { bad: "failed", running: "now", past: "", "to-come": "to come" } as const;

function Step({
  name,
  look,
  ms,
}: {
  readonly name: PhaseName;
  readonly look: keyof typeof looks;
  readonly ms: number | null;
}) {
  return (
    <li class={look} aria-current={look === "running" ? "step" : undefined}>
      <span class="name">{name}</span>
      <span class="took">{ms === null ? looks[look] || "–" : formatDuration(ms)}</span>
      {ms !== null && looks[look] !== "" && <span class="heard">, {looks[look]}</span>}
    </li>
  );
}

/** The phase that the upgrade did not get over. */
function whereItFailed({ phases, failure, verdict }: AccountReport): Phase | undefined {
  if (failure === null && verdict?.kind !== "rejected") return undefined;
  // What is left drains, whichever it is.
  return phases.findLast(({ phase }) => phase !== "drain");
}

function toCome(phases: readonly Phase[]): readonly PhaseName[] {
  const furthest = Math.max(-1, ...phases.map(({ phase }) => usual.indexOf(phase)));
  return usual.slice(furthest + 1).filter((name) => !phases.some(({ phase }) => phase === name));
}
