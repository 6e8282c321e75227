import { messageOf } from "../../../src/lib/failure.js";
import type { Container } from "../../harness/container/container.js";
import { ACTIVATION } from "./activation.js";
import { CADDY } from "./caddy.js";
import { GUNICORN, HELD_GUNICORN } from "./gunicorn.js";
import { HAPROXY, HAPROXY_IDLE } from "./haproxy.js";
import { NATIVE, PASSED } from "./holdfast.js";
import { ensurePeersImage } from "./image.js";
import { NGINX } from "./nginx.js";
import { ensurePm2, installPm2, PM2, PM2_VERSION } from "./pm2.js";
import { PUMA_HOT, PUMA_PHASED } from "./puma.js";
import type { System } from "./system.js";
import { ensureTableflip, installTableflip, TABLEFLIP } from "./tableflip.js";

/** What of others is to be had here. */
export interface Peers {
  /** With Debian's packages; null: the usual image. */
  readonly image: string | null;
  /** In the order of the tables. */
  readonly systems: readonly System[];
  /** Puts what is no package into a container of that image. */
  install(container: Container): Promise<void>;
}

const VERSIONS = `nginx -v 2>&1
haproxy -v | head -n1
caddy version
gunicorn --version
puma --version
go version
dpkg-query -W golang-github-cloudflare-tableflip-dev`;

/** Installs all systems of the comparison in places of the benchmark's own, and says which it has to leave out. */
export async function ensurePeers(): Promise<Peers> {
  const image = await orLeaveOut("nginx, HAProxy, Caddy, gunicorn, puma and tableflip", () =>
    ensurePeersImage("trixie"),
  );
  const flip = image === null ? null : await orLeaveOut(TABLEFLIP.name, () => ensureTableflip(image));
  const pm2 = await orLeaveOut(PM2.name, ensurePm2);
  const packaged = image !== null;
  return {
    image,
    systems: [
      ...[NATIVE, PASSED],
      ...(packaged ? [HELD_GUNICORN, GUNICORN, PUMA_PHASED, PUMA_HOT] : []),
      ...(pm2 === null ? [] : [PM2]),
      ...(flip === null ? [] : [TABLEFLIP]),
      ...(packaged ? [NGINX, HAPROXY, HAPROXY_IDLE, CADDY] : []),
      ACTIVATION,
    ],
    install: async (container) => {
      if (flip !== null) await installTableflip(container, flip);
      if (pm2 !== null) await installPm2(container, pm2);
    },
  };
}

async function orLeaveOut<T>(what: string, get: () => Promise<T>): Promise<T | null> {
  try {
    return await get();
  } catch (error) {
    console.log(`\nLeft out: ${what}: ${messageOf(error)}`);
    return null;
  }
}

export async function tellVersions(container: Container): Promise<string> {
  const said = await container.sh(VERSIONS);
  return `${said.replaceAll("\t", " ").split("\n").join("; ")}; pm2 ${PM2_VERSION}`;
}
