import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { readConfig } from "../../src/config/read.js";
import { initialState, type State } from "../../src/model/state.js";
import { decodeRecord, encodeRecord } from "../../src/state/encode.js";
import { countFds } from "../harness/process/open-fds.js";
import { sample } from "../unit/config/sample.js";
import { knownConfigs } from "./corpus/configs.js";
import { wounded } from "./mutate.js";
import { feed, type Target } from "./target.js";

const lines = sample.split("\n").filter((line) => line !== "");

/** Lines of the sample in another order, and some of them twice. */
const shuffled = fc
  .array(fc.oneof(fc.constantFrom(...lines), fc.constantFrom(...knownConfigs)), { maxLength: 40 })
  .map((some) => Buffer.from(some.join("\n")));

const input = wounded(fc.oneof(fc.constant(Buffer.from(sample)), shuffled));

/** Texts that are almost a config: what is wrong has its line, and what is taken can be written into the state and read again. */
export async function openConfig(): Promise<Target> {
  const directory = mkdtempSync(join(tmpdir(), "holdfast-fuzz-"));
  const file = join(directory, "web.toml");
  const attempt = async (bytes: Buffer): Promise<void> => {
    const fds = countFds();
    writeFileSync(file, bytes);
    const result = readConfig(file, { cwd: "/srv/here", cores: 3 });
    assert.equal(countFds(), fds);
    if (result.ok) {
      const { plan, listeners } = result.value;
      const state = remembering({ plan, listeners });
      const record = { name: "web", bootId: "b", revision: 1, state };
      assert.deepEqual(decodeRecord(encodeRecord(record)), { ok: true, value: record });
      return;
    }
    const { reason, message } = result.failure;
    assert.match(reason, /^config-(unreadable|syntax|unknown-key|invalid)$/);
    if (reason === "config-unreadable") return;
    for (const line of message.split("\n")) {
      assert.ok(line.startsWith(file), `a line without the file: ${JSON.stringify(line)}`);
      assert.match(line.slice(file.length), /^(?::\d+){0,2}: \S/);
      assert.ok(line.length <= 401 + file.length, "a line without end");
      assert.doesNotMatch(line, /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u, "a line that steers a terminal");
    }
  };
  return {
    feed: (seed) =>
      feed({ input, known: knownConfigs.map((text) => Buffer.from(text)), attempt, runs: 200 }, seed),
    async [Symbol.asyncDispose]() {
      rmSync(directory, { recursive: true });
    },
  };
}

function remembering(specification: State["retired"][number]["specification"]): State {
  const generation = 1;
  const retired = {
    generation,
    specification,
    snapshot: null,
    version: null,
    commit: null,
    proved: true,
    track: null,
  };
  return { ...initialState, retired: [retired] };
}
