import type { HistoryEntry, StatusReport } from "../../control/replies.js";

export type Command = "upgrade" | "stage" | "commit" | "rollback" | "reexec";

export interface Action {
  readonly command: Command;
  readonly title: string;
  /** What will happen. */
  readonly meaning: string;
  /** Whether a word of why is kept with it. */
  readonly says: boolean;
  /** Whether there is something that only comes by force. */
  readonly forces: boolean;
  /** What can be returned to, the usual one first. */
  readonly targets: readonly HistoryEntry[];
}

/** What can be asked for as it is now. */
export function actionsFor(status: StatusReport, history: readonly HistoryEntry[]): readonly Action[] {
  const waiting = status.generations.some(
    ({ phase, proof }) => phase === "candidate" || phase === "held" || proof?.kind === "trial",
  );
  const targets = history
    .filter(({ returnable, wayBack }) => returnable || wayBack)
    .sort((one, other) => Number(other.wayBack) - Number(one.wayBack) || other.generation - one.generation);
  const plain = { says: false, forces: false, targets: [] };
  const forces = status.rejected.length > 0;
  const all: readonly (Action | null)[] = [
    {
      ...plain,
      command: "upgrade",
      title: "Upgrade",
      meaning:
        "What is deployed now is started beside what serves, and takes over when it is ready. If it is bad, what serves now goes on.",
      says: true,
      forces,
    },
    {
      ...plain,
      command: "stage",
      title: "Stage",
      meaning: "What is deployed now is started and stands by. It takes over when it is committed.",
      says: true,
      forces,
    },
    waiting
      ? {
          ...plain,
          command: "commit",
          title: "Commit",
          meaning:
            "A version that stands by is verified once more, serves, and goes through its trial. One on trial is kept, and the old one finishes and ends.",
        }
      : null,
    targets.length > 0
      ? {
          ...plain,
          command: "rollback",
          title: "Roll back",
          meaning:
            "An earlier version is started from its own snapshot, and takes over. What serves now is marked as rejected.",
          says: true,
          targets,
        }
      : null,
    {
      ...plain,
      command: "reexec",
      title: "Replace the daemon",
      meaning:
        "The daemon that is installed now takes the place of the one that runs. The app's workers serve on.",
    },
  ];
  return all.filter((action) => action !== null);
}
