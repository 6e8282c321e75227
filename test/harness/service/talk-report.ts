import * as v from "valibot";

/** What the talking client is asked to do. It stops by itself after `durationMs`. */
export interface TalkOptions {
  /** Which of test/apps it talks to. */
  readonly app: "chat" | "lines" | "torture";
  /** `host:port` */
  readonly address: string;
  readonly connections: number;
  /** From an answer to the next thing said on that connection. */
  readonly pauseMs: number;
  /** chat: whether a room's messages are numbered by one process at a time, so that nobody may miss a number. */
  readonly numbered: boolean;
  readonly durationMs: number;
}

export interface TalkReport {
  readonly opened: number;
  /** Connections that ended before the client wanted it. */
  readonly closed: number;
  /** Messages or lines. */
  readonly said: number;
  readonly answered: number;
  /** All that came, on all connections. */
  readonly heard: number;
  /** Answers by the version that gave them. */
  readonly versions: Readonly<Record<string, number>>;
  /** What was lost, doubled, out of order or changed on the way: the first cases in words. */
  readonly wrong: readonly string[];
}

const count = v.pipe(v.number(), v.integer(), v.minValue(0));

const optionsSchema: v.GenericSchema<unknown, TalkOptions> = v.strictObject({
  app: v.picklist(["chat", "lines", "torture"]),
  address: v.string(),
  connections: count,
  pauseMs: count,
  numbered: v.boolean(),
  durationMs: count,
});

const reportSchema: v.GenericSchema<unknown, TalkReport> = v.strictObject({
  opened: count,
  closed: count,
  said: count,
  answered: count,
  heard: count,
  versions: v.record(v.string(), count),
  wrong: v.array(v.string()),
});

/** The client's argument. Throws when it is not one. */
export function parseTalkOptions(text: string): TalkOptions {
  return v.parse(optionsSchema, JSON.parse(text));
}

/** A line that the client printed. Throws when it is not one. */
export function parseTalkReport(line: string): TalkReport {
  return v.parse(reportSchema, JSON.parse(line));
}
