/**
 * `node --import holdfast/register server.js`, or `--require`: an app that knows nothing of Holdfast listens on what its manager
 * passes, and its HTTP connections outlive it. Does nothing in a process to which no socket was passed: a developer's laptop,
 * children of the app.
 */
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { preload } from "./worker/preload/preload.js";

/** A bundle beside this one, loaded once a server listens: npm, a build step and whatever else runs in between do without. */
const takeOver = fileURLToPath(new URL("take-over.cjs", import.meta.url));

preload((): typeof import("./worker/preload/take-over-listening.js") =>
  createRequire(import.meta.url)(takeOver),
);
