import type { AccountReport } from "../../lib/account.js";
import { failedIn, responsesIn } from "../../lib/counters.js";
import { formatDuration } from "../../lib/duration.js";
import { howOften, percent } from "../figures.js";
import { sumOf } from "./sides.js";

/** An upgrade in three lines: what became of the connections, the responses of the old and the new, and what the kernel saw. */
export function sumUp(account: AccountReport): readonly string[] {
  return [
    `connections: ${sumConnections(account)}`,
    `responses: ${sumResponses(account)}`,
    `kernel: ${sumWitness(account)}`,
  ];
}

const plain = "not measured, for plain workers tell nothing";

function sumConnections(account: AccountReport): string {
  return ofBoth(account, (counts, which) =>
    which === "old"
      ? `${counts.moved} moved, ${counts.finished} finished, ${counts.cut} cut`
      : `${counts.adopted} adopted, ${counts.accepted} accepted`,
  );
}

function sumResponses(account: AccountReport): string {
  return ofBoth(account, (counts) => {
    const responses = responsesIn(counts);
    return responses === 0 ? "0" : `${responses}, ${percent(failedIn(counts), responses)} failed`;
  });
}

function ofBoth(
  { old, new: own }: AccountReport,
  describe: (counts: NonNullable<ReturnType<typeof sumOf>>, which: "old" | "new") => string,
): string {
  const sides = [
    { side: old, which: "old" as const },
    { side: own, which: "new" as const },
  ].flatMap(({ side, which }) => (side === null ? [] : [{ which, counts: sumOf(side) }]));
  if (sides.every(({ counts }) => counts === null)) return plain;
  return sides
    .map(({ which, counts }) => `${which} ${counts === null ? "not measured" : describe(counts, which)}`)
    .join("; ");
}

function sumWitness({ witness }: AccountReport): string {
  if (witness === null) return "not measured";
  const { overflows, drops, backlogs, stillMs } = witness;
  const [fullest] = [...backlogs].sort((one, other) => other.queued / other.limit - one.queued / one.limit);
  const waited =
    fullest === undefined
      ? "queues not measured"
      : `at most ${fullest.queued} of ${fullest.limit} waited (${fullest.listener})`;
  return [
    drops === null ? "drops not measured" : drops === 0 ? "none dropped" : `${drops} dropped on this machine`,
    ...(overflows === null || overflows === 0 ? [] : [`queues on it overflowed ${howOften(overflows)}`]),
    `${waited}, ${stillMs === null ? "times not measured" : `for ${formatDuration(stillMs)} at most`}`,
  ].join("; ");
}
