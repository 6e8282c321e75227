/**
 * `node --import holdfast/register server.js`: an app that knows nothing of Holdfast listens on what its manager passes,
 * and its HTTP connections outlive it. Does nothing in a process to which no socket was passed: a developer's laptop,
 * children and threads of the app.
 */
import { isMainThread } from "node:worker_threads";

if (isMainThread && Number(process.env["LISTEN_PID"]) === process.pid) {
  const { takeOverListening } = await import("./worker/preload/take-over-listening.js");
  takeOverListening();
}
