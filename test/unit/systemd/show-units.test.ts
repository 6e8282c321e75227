import assert from "node:assert/strict";
import { test } from "node:test";
import { readUnits } from "../../../src/systemd/show-units.js";

test("each unit is a block of its own; a value may have an equals sign in it, and a property several values", () => {
  const units = readUnits(
    "Id=a.socket\nListen=@x=y (Stream)\nListen=/run/a (Stream)\n\nId=b.socket\nListen=\n",
  );
  assert.deepEqual(
    units.map((unit) => [unit.get("Id"), unit.get("Listen")]),
    [
      ["a.socket", "@x=y (Stream)\n/run/a (Stream)"],
      ["b.socket", ""],
    ],
  );
});

test("no output is no unit", () => assert.deepEqual(readUnits("\n"), []));
