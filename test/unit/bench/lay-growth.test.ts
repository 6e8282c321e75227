import assert from "node:assert/strict";
import { test } from "node:test";
import { layGrowth, type Point } from "../../bench/grows/lay-growth.js";

const upgrade = (doneMs: number) => ({ doneMs, firstMs: 0, goneMs: 0, daemonMb: 20 });
const point = (size: number, doneMs: readonly number[], remark = ""): Point => ({
  size,
  upgrades: doneMs.map((ms) => upgrade(ms)),
  remark,
});

/** The cells of a line, by the text of its first. */
function lineOf(table: string, first: string): string[] {
  const lines = table.split("\n").map((line) => line.split("|").map((cell) => cell.trim()));
  return lines.find(([, cell]) => cell === first)?.slice(1, -1) ?? [];
}

test("a slope is what each one more has cost since the size before, by the medians", () => {
  const points = [point(1, [100]), point(11, [90, 120, 500]), point(1011, [120, 620, 621])];
  const table = layGrowth([[{ what: "file", grows: "command" }, points]]);
  assert.deepEqual(lineOf(table, "1 file"), ["1 file", "100", "0", "0", "20", "", ""]);
  assert.equal(lineOf(table, "11 files")[1], "120 (90 to 500)");
  assert.equal(lineOf(table, "11 files")[5], "2 ms a file");
  assert.equal(lineOf(table, "1,011 files")[5], "0.5 ms a file");
});

test("the slope of a hand-over leaves out how long the boot took", () => {
  const points = [1, 3].map((size) => ({
    size,
    upgrades: [{ ...upgrade(7), firstMs: size * 100, goneMs: size * 110 }],
    remark: "",
  }));
  const table = layGrowth([[{ what: "connection", grows: "handOver" }, points]]);
  assert.equal(lineOf(table, "3 connections")[5], "10 ms a connection");
});

test("a size that could not be had keeps its line, with why, and nothing is said of its slope or the next one's", () => {
  const points = [point(1, [100]), point(2, [], "it failed"), point(3, [100])];
  const table = layGrowth([[{ what: "worker", grows: "command" }, points]]);
  assert.deepEqual(lineOf(table, "2 workers"), ["2 workers", "", "", "", "", "", "it failed"]);
  assert.equal(lineOf(table, "3 workers")[5], "");
});
