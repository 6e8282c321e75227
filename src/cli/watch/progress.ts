import type { StatusReport } from "../../control/replies.js";
import type { AccountReport } from "../../lib/account.js";
import { formatDuration } from "../../lib/duration.js";
import type { WallTime } from "../../model/clock.js";
import { sumUp } from "../account/sum-up.js";
import { foldWords } from "../fold.js";
import { type Look, paragraph, type Style } from "../print.js";

/** The upgrades that are not over: where each is, and its account so far. */
export function showProgress({ accounts }: StatusReport, now: WallTime, look: Look): readonly string[] {
  return accounts.flatMap((account) => {
    const { upgrade, kind, startedAt } = account;
    const target = account.new === null ? "" : ` to generation ${account.new.generation}`;
    const since = formatDuration(now - startedAt);
    const failed = account.failure === null ? "" : ` failed: ${account.failure.message}`;
    const head = { text: `${kind} ${upgrade}${target},`, style: "bold" } as const;
    return [
      "",
      ...paragraph(`${since}${failed}`, look, head),
      ...showPhases(account, now, look),
      ...sumUp(account).flatMap((line) => paragraph(line, look, undefined, "  ")),
    ];
  });
}

/** Those that have passed with their times, and those that go on, in as few lines as there is room for. */
function showPhases({ phases, startedAt }: AccountReport, now: WallTime, look: Look): readonly string[] {
  const parts = phases.map(({ phase, afterMs, tookMs }, index) => {
    const took = tookMs ?? Math.max(0, now - startedAt - afterMs);
    const comma = index === phases.length - 1 ? "" : ",";
    // What belongs together stays together until the lines are made.
    const text = `${phase} ${formatDuration(took)}${tookMs === null ? "..." : ""}${comma}`.replaceAll(
      " ",
      "\0",
    );
    return { text, style: styleOf(tookMs) };
  });
  const lines = foldWords(
    parts.map(({ text }) => text),
    look.width - 2,
  );
  let next = 0;
  return lines.map((line) => {
    const words = line.split(" ").map((word) => look.paint(parts[next++]?.style ?? "dim", word));
    return `  ${words.join(" ").replaceAll("\0", " ")}`;
  });
}

function styleOf(tookMs: number | null): Style {
  return tookMs === null ? "cyan" : "dim";
}

/** The phase in which the newest of them is, in a few words; undefined where all is over. */
export function currentPhase({ accounts }: StatusReport, now: WallTime): string | undefined {
  const account = accounts.findLast(({ phases }) => phases.some(({ tookMs }) => tookMs === null));
  const phase = account?.phases.find(({ tookMs }) => tookMs === null);
  if (account === undefined || phase === undefined) return undefined;
  return `${phase.phase} ${formatDuration(now - account.startedAt - phase.afterMs)}`;
}
