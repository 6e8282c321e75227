import assert from "node:assert/strict";
import { readdirSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { readValues, writeValues } from "../../../../src/worker/app-state/values-on-disk.js";
import { temporaryDirectory } from "../../linux/temporary-directory.js";

test("what a killed worker has begun to write is removed by the next one, and what a living one writes is not", (context) => {
  const directory = temporaryDirectory(context);
  const file = "app.1.json";
  assert.ok(writeValues(directory, file, { entries: [], bytes: Buffer.from("") }).ok);
  const [abandoned, begun] = [`${file}.17.new`, `${file}.18.new`];
  for (const name of [abandoned, begun, "app.10.json.17.new"]) writeFileSync(join(directory, name), "{");
  const longAgo = Date.now() / 1000 - 120;
  for (const name of [abandoned, "app.10.json.17.new"]) utimesSync(join(directory, name), longAgo, longAgo);
  assert.ok(readValues(directory, file).ok);
  assert.deepEqual(readdirSync(directory).sort(), ["app.1.json", begun, "app.10.json.17.new"].sort());
});
