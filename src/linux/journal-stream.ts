import koffi from "koffi";
import { closeFd, replaceFd } from "./fd.js";
import { streamOf } from "./journal.js";
import { hasHungUp } from "./poll.js";

const priorityInfo = 6;

/** What goes to the journal under a name of its own, for the stdout and stderr of a process. */
export interface JournalStream extends Disposable {
  readonly stdout: number | "inherit" | "ignore";
  readonly stderr: number | "inherit" | "ignore";
  /** `$JOURNAL_STREAM` for the process. systemd.exec(5). */
  readonly variables: Readonly<Record<string, string>>;
}

let open: ((identifier: string) => number) | undefined;

/**
 * A stream to the journal in the place of those of this process's stdout and stderr that are one already; the others are inherited, and all
 * where the journal cannot be reached. Each line has `identifier` as its SYSLOG_IDENTIFIER, whichever process writes it, and journald
 * reads it without anybody between. It outlives this process, and the journald under which this one was started. One that journald has
 * closed is never inherited: a process that writes to it dies of that. sd_journal_stream_fd(3).
 */
export function openJournalStream(env: Readonly<NodeJS.ProcessEnv>, identifier: string): JournalStream {
  const replaced = ownStreams(env);
  const stream = replaced.length === 0 ? -1 : connect(identifier);
  const endOf = (fd: number): number | "inherit" | "ignore" => {
    if (!replaced.includes(fd)) return "inherit";
    if (stream >= 0) return stream;
    return hasHungUp(fd) ? "ignore" : "inherit";
  };
  return {
    stdout: endOf(1),
    stderr: endOf(2),
    variables: stream < 0 ? {} : { JOURNAL_STREAM: streamOf(stream) },
    [Symbol.dispose]: () => {
      if (stream >= 0) closeFd(stream);
    },
  };
}

/**
 * Connects this process's stdout and stderr anew where they were streams to a journald that has gone with its sockets, and names the new
 * one in `$JOURNAL_STREAM`: for the last words of a crash, and for a program that takes this one's place. False as long as they are dead.
 */
export function reviveOwnStreams(env: NodeJS.ProcessEnv, identifier: string): boolean {
  const dead = ownStreams(env).filter(hasHungUp);
  if (dead.length === 0) return true;
  const stream = connect(identifier);
  if (stream < 0) return false;
  for (const fd of dead) replaceFd(stream, fd);
  env["JOURNAL_STREAM"] = streamOf(stream);
  closeFd(stream);
  return true;
}

/** Those of stdout and stderr that systemd, or this process, has connected to the journal. */
function ownStreams(env: Readonly<NodeJS.ProcessEnv>): number[] {
  return [1, 2].filter((fd) => streamOf(fd) === env["JOURNAL_STREAM"]);
}

function connect(identifier: string): number {
  try {
    open ??= bind();
    return open(identifier);
  } catch {
    // Without libsystemd there is no journal either.
    return -1;
  }
}

function bind(): (identifier: string) => number {
  const call = koffi
    .load("libsystemd.so.0")
    .func("int sd_journal_stream_fd(const char *identifier, int priority, int level_prefix)");
  return (identifier) => Number(call(identifier, priorityInfo, 1));
}
