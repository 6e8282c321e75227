import assert from "node:assert/strict";
import { Differential, variants } from "../unit/worker/carriers/http/differential.js";
import type { Target } from "./target.js";

/** Random HTTP/1.1 streams to moved and unmoved connections: both answer the same. */
export async function openHttp(): Promise<Target> {
  return {
    async feed(seed) {
      const variant = variants[seed % variants.length];
      assert.ok(variant !== undefined);
      await using differential = await Differential.open(variant);
      for (let stream = seed * streamsEach; stream < (seed + 1) * streamsEach; stream += 1) {
        const difference = await differential.compare(stream);
        assert.equal(difference, undefined, JSON.stringify(difference, null, 2));
      }
    },
    async [Symbol.asyncDispose]() {},
  };
}

const streamsEach = 50;
