import koffi from "koffi";
import { closeFd } from "./fd.js";
import { streamOf } from "./journal.js";

const priorityInfo = 6;

/** What goes to the journal under a name of its own, for the stdout and stderr of a process. */
export interface JournalStream extends Disposable {
  readonly stdout: number | "inherit";
  readonly stderr: number | "inherit";
  /** `$JOURNAL_STREAM` for the process. systemd.exec(5). */
  readonly variables: Readonly<Record<string, string>>;
}

let open: ((identifier: string) => number) | undefined;

/**
 * A stream to the journal in the place of those of this process's stdout and stderr that are one already; the others are inherited, and all
 * where the journal cannot be reached. Each line has `identifier` as its SYSLOG_IDENTIFIER, whichever process writes it, and journald
 * reads it without anybody between. It outlives this process, and the journald under which this one was started. sd_journal_stream_fd(3).
 */
export function openJournalStream(env: Readonly<NodeJS.ProcessEnv>, identifier: string): JournalStream {
  const replaced = [1, 2].filter((fd) => streamOf(fd) === env["JOURNAL_STREAM"]);
  const stream = replaced.length === 0 ? -1 : connect(identifier);
  const endOf = (fd: number): number | "inherit" =>
    stream >= 0 && replaced.includes(fd) ? stream : "inherit";
  return {
    stdout: endOf(1),
    stderr: endOf(2),
    variables: stream < 0 ? {} : { JOURNAL_STREAM: streamOf(stream) },
    [Symbol.dispose]: () => {
      if (stream >= 0) closeFd(stream);
    },
  };
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
