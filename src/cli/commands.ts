export type OptionName = "json" | "timeout" | "no-wait";

export type CommandName =
  | "status"
  | "upgrade"
  | "rollback"
  | "reexec"
  | "drain"
  | "stop"
  | "events"
  | "reap"
  | "version"
  | "help";

interface CommandSummary {
  readonly options: readonly OptionName[];
  readonly summary: string;
}

/** Every command, in the order of the help text. */
export const commands: Readonly<Record<CommandName, CommandSummary>> = {
  status: { options: ["json"], summary: "what runs: generations, workers, listeners" },
  upgrade: {
    options: ["timeout", "no-wait"],
    summary: "start a new generation beside the old and switch over",
  },
  rollback: { options: ["timeout", "no-wait"], summary: "the same, from the release before this one" },
  reexec: { options: ["timeout", "no-wait"], summary: "replace the daemon; the workers stay" },
  drain: { options: [], summary: "drain the workers, keep daemon and listeners" },
  stop: { options: ["timeout", "no-wait"], summary: "drain the workers and end the daemon" },
  events: { options: ["json"], summary: "follow what happens" },
  reap: { options: ["timeout"], summary: "for ExecStopPost=: end workers that a dead daemon left behind" },
  version: { options: [], summary: "the version of this program and of the daemon" },
  help: { options: [], summary: "this text" },
};
