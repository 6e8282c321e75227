export type OptionName =
  | "json"
  | "timeout"
  | "no-wait"
  | "listen"
  | "release"
  | "workers"
  | "no-socket"
  | "hold";

export type CommandName =
  | "init"
  | "doctor"
  | "status"
  | "upgrade"
  | "commit"
  | "rollback"
  | "reexec"
  | "drain"
  | "stop"
  | "events"
  | "history"
  | "reap"
  | "adopt-listener"
  | "version"
  | "help";

interface CommandSummary {
  /** The word that follows the command, as the help text shows it; one that ends in a bracket may be left out. */
  readonly argument?: string;
  /** It talks to no daemon: an instance's name is its argument. */
  readonly alone?: true;
  /** Whether `--` and a command line with a program's name must follow. */
  readonly program?: true;
  readonly options: readonly OptionName[];
  readonly summary: string;
}

/** Every command, in the order of the help text. */
export const commands: Readonly<Record<CommandName, CommandSummary>> = {
  init: {
    argument: "NAME",
    alone: true,
    program: true,
    options: ["listen", "release", "workers", "no-socket"],
    summary: "write config and socket unit of a new instance",
  },
  doctor: {
    argument: "[NAME|UNIT]",
    alone: true,
    options: ["json"],
    summary: "check unit, config and machine before it hurts",
  },
  status: { options: ["json"], summary: "what runs: generations, workers, listeners" },
  upgrade: {
    options: ["hold", "timeout", "no-wait"],
    summary: "start a new generation beside the old and switch over",
  },
  commit: { options: [], summary: "after `upgrade --hold`: keep the new generation, drain the old one" },
  rollback: {
    argument: "[GENERATION]",
    options: ["timeout", "no-wait"],
    summary: "the same, from what ran before",
  },
  reexec: { options: ["timeout", "no-wait"], summary: "replace the daemon; the workers stay" },
  drain: { options: [], summary: "drain the workers, keep daemon and listeners" },
  stop: { options: ["timeout", "no-wait"], summary: "drain the workers and end the daemon" },
  events: { options: ["json"], summary: "follow what happens" },
  history: { options: ["json"], summary: "the generations that ran, and why they ended" },
  reap: { options: ["timeout"], summary: "for ExecStopPost=: end workers that a dead daemon left behind" },
  "adopt-listener": {
    argument: "[NAME=]ADDRESS",
    alone: true,
    options: [],
    summary: "for ExecStartPre=: take over what another program listens on",
  },
  version: { options: [], summary: "the version of this program and of the daemon" },
  help: { options: [], summary: "this text" },
};
