import { formatDuration } from "../../lib/duration.js";
import { type Failure, fail, succeed } from "../../lib/failure.js";
import { openPromise } from "../../lib/open-promise.js";
import type { End } from "../command.js";
import { tellEnd } from "../end-of-upgrade.js";
import { type CommitEnd, commitOne } from "./commit-one.js";
import type { Joint } from "./follow-member.js";
import { leaveGeneration } from "./leave-generation.js";
import type { Staged } from "./member.js";
import type { Fate } from "./teller.js";

/** A commit that has been asked for. */
interface Commit {
  readonly member: Staged;
  readonly ended: Promise<CommitEnd>;
  /** As soon as it is known. */
  end?: CommitEnd;
  /** Nobody waits for it any more. */
  readonly stop: () => void;
}

/** What became of one of them; `message`: what is told of it when the command fails. */
interface Settled {
  readonly member: Staged;
  readonly fate: Fate;
  readonly message?: string;
}

/** Lets all of them serve, as nearly at once as can be; as soon as one fails all others go back. */
export async function commitAll(members: readonly Staged[], joint: Joint): Promise<End> {
  const { teller, patiences } = joint;
  const times: number[] = [];
  const onActive = (): void => {
    times.push(performance.now());
    const span = spanOf(times, members.length);
    if (span !== null) teller.say(`all serve: committed within ${formatDuration(span)}`);
  };
  const commits = members.map((member) => beginCommit(member, joint, onActive));
  const cause = openPromise<string>();
  const all = commits.map(async (commit) => {
    const end = await commit.ended;
    commit.end = end;
    const why = whyBad(end);
    if (why !== undefined) cause.resolve(`${commit.member.name} failed: ${why}`);
    else if (end.kind === "good") await tellGood(commit.member, end, joint);
  });
  const failed = await Promise.race([cause.promise, Promise.all(all).then(() => null)]);
  if (failed !== null) teller.say(`${failed}; the others go back`);
  const settled = await Promise.all(
    commits.map((commit) => (failed === null ? letBe(commit, joint) : takeBack(commit, joint, failed))),
  );
  const instances = settled.map(({ member: { name, generation }, fate }) => {
    return { instance: name, generation, fate };
  });
  teller.sum({ committedWithinMs: spanOf(times, members.length), instances });
  return conclude(settled, patiences.waiting.over());
}

/** Null where not all have been committed. */
function spanOf(times: readonly number[], all: number): number | null {
  return times.length < all ? null : Math.max(...times) - Math.min(...times);
}

function beginCommit(member: Staged, joint: Joint, onActive: () => void): Commit {
  const nobody = new AbortController();
  const signal = AbortSignal.any([joint.patiences.waiting.signal, nobody.signal]);
  return { member, ended: commitOne(member, joint, signal, onActive), stop: () => nobody.abort() };
}

function whyBad(end: CommitEnd): string | undefined {
  if (end.kind === "bad") return end.why;
  return end.kind === "lost" ? end.failure.message : undefined;
}

async function tellGood(
  { client, ...member }: Staged,
  { outcome }: Extract<CommitEnd, { kind: "good" }>,
  { teller, wait, patiences }: Joint,
): Promise<void> {
  const tell = (text: string): void => teller.say(text, { client, ...member });
  if (outcome === null) return tell("its generation is kept");
  const following = { signal: patiences.leaving, onAccepted() {}, onNews() {} };
  await tellEnd(client, { outcome, done: "kept", wait, following, say: tell });
}

/** No other one has failed. */
async function letBe({ member, ended }: Commit, { wait }: Joint): Promise<Settled> {
  const end = await ended;
  const { name, generation } = member;
  if (end.kind === "good") return { member, fate: wait === "proved" ? "proved" : "kept" };
  if (end.kind === "left") return { member, fate: "unknown" };
  const message = `${name}: generation ${generation} was replaced, or told to drain, before it had proved itself`;
  return { member, fate: "unknown", message };
}

/** One of them has failed: what its own daemon takes back, or somebody else has replaced, is left to them. */
async function takeBack(commit: Commit, joint: Joint, why: string): Promise<Settled> {
  const { member } = commit;
  const { name, generation } = member;
  if (commit.end?.kind === "bad") return tellBad(member, commit.end, joint);
  if (commit.end?.kind === "replaced") return { member, fate: "unknown" };
  const back = await leaveGeneration(member, joint, why);
  if (!back.ok) commit.stop();
  const end = await commit.ended;
  if (end.kind === "bad" && end.outcome.failure?.reason !== "rolled-back") return tellBad(member, end, joint);
  const own = end.kind === "lost" ? `${name}: ${end.failure.message}` : undefined;
  const message = back.ok ? own : stays(member, back.failure, own);
  if (back.ok) joint.teller.say(`generation ${generation} is left, for what served before`, member);
  return { member, fate: back.ok ? "rolled-back" : "unknown", ...(message !== undefined && { message }) };
}

function stays({ name, generation }: Staged, { message }: Failure, own: string | undefined): string {
  const remedy = `\`holdfast -n ${name} rollback\` goes back all the same`;
  const line = `${name} did not go back from generation ${generation}: ${message}; ${remedy}`;
  return own === undefined ? line : `${own}\n${line}`;
}

async function tellBad(
  member: Staged,
  { outcome }: Extract<CommitEnd, { kind: "bad" }>,
  { wait, patiences }: Joint,
): Promise<Settled> {
  const following = { signal: patiences.leaving, onAccepted() {}, onNews() {} };
  const end = await tellEnd(member.client, { outcome, done: "kept", wait, following, say: () => {} });
  const message = end.ok ? "it failed" : end.failure.message;
  return { member, fate: "failed", message: `${member.name}: ${message}` };
}

function conclude(settled: readonly Settled[], over: string | undefined): End {
  const messages = settled.flatMap(({ message }) => (message === undefined ? [] : [message]));
  const namesOf = (fate: Fate): string =>
    settled
      .filter((one) => one.fate === fate)
      .map(({ member }) => member.name)
      .join(", ");
  if (messages.length > 0) {
    const back = namesOf("rolled-back");
    const tail = back === "" ? [] : [`what served before serves again: ${back}`];
    return fail("upgrade-failed", [...messages, ...tail].join("\n"));
  }
  const left = namesOf("unknown");
  if (left === "") return succeed("done");
  const alone = "from here on each is judged by itself, and takes no other one back (`holdfast list` tells)";
  return fail("gave-up-waiting", `${over ?? "interrupted"}: ${left} serve on; ${alone}`);
}
