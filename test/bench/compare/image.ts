import { ensureImageWith } from "../../harness/container/image.js";
import type { Release } from "../../harness/container/releases.js";

const SERVERS = ["nginx", "haproxy", "caddy", "gunicorn", "puma"];
/** Of Go there is a program to compile. */
const GO = ["golang-go", "golang-github-cloudflare-tableflip-dev", "golang-github-gorilla-websocket-dev"];

/** The root file system of a release with its own packages of other systems, which the comparison starts by itself. */
export function ensurePeersImage(release: Release): Promise<string> {
  return ensureImageWith(
    "peers",
    release,
    [...SERVERS, ...GO],
    SERVERS.map((name) => `${name}.service`),
  );
}
