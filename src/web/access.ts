import { createHmac, randomBytes } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import { readOperators } from "../config/read-operators.js";
import type { WebConfig } from "../config/web-config.js";
import { isInGroup } from "../linux/user-groups.js";
import { isForeign } from "./hosts.js";
import type { Refusal } from "./respond.js";
import { isSameSecret } from "./token.js";

/** How requests come in: over TCP, from whoever is on the machine, or on a unix socket, from a proxy that knows who asks. */
export type Way = "tcp" | "unix";

/** Somebody who may act; null: whoever has the token. */
export interface Actor {
  readonly user: string | null;
}

export interface Access {
  /** What a viewer is told of acting. */
  hello(way: Way, headers: IncomingHttpHeaders): Offer;
  /** Who wants to act on an instance, or why he may not. */
  judge(way: Way, headers: IncomingHttpHeaders, instance: string): Promise<Actor | Refusal>;
}

interface Offer {
  readonly actions: boolean;
  readonly token: boolean;
  readonly csrf: string | null;
  readonly user: string | null;
}

export interface AccessOptions {
  readonly config: WebConfig;
  /** Undefined where actions are switched off, or no way is one of tokens. */
  readonly token: string | undefined;
  /** Where the configs of instances are; the system's unless told. */
  readonly configFolder?: string;
  readonly isMember?: (user: string, group: string) => Promise<boolean>;
}

/** Who may do more than look. A proxy's word counts on a unix socket alone; a token is nothing that a browser sends by itself. */
export function createAccess({ config, token, configFolder, isMember = isInGroup }: AccessOptions): Access {
  const secret = randomBytes(32);
  const csrfOf = (user: string): string => createHmac("sha256", secret).update(user).digest("base64url");
  const userIn = (way: Way, headers: IncomingHttpHeaders): string | null => {
    const said = headers[config.userHeader];
    return way === "unix" && typeof said === "string" && said !== "" ? said : null;
  };

  return {
    hello: (way, headers) => {
      const user = userIn(way, headers);
      const byToken = config.actions && way === "tcp";
      const csrf = config.actions && user !== null ? csrfOf(user) : null;
      return { actions: config.actions && (byToken || user !== null), token: byToken, csrf, user };
    },
    judge: async (way, headers, instance) => {
      if (!config.actions) return actionsOff;
      if (isForeign(headers)) return foreign;
      if (way === "tcp") {
        const [, given] = /^Bearer ([\w-]{1,128})$/.exec(headers.authorization ?? "") ?? [];
        const right = given !== undefined && token !== undefined && isSameSecret(given, token);
        return right ? { user: null } : noToken;
      }
      const user = userIn(way, headers);
      if (user === null) return refuse(`the proxy does not say in ${config.userHeader} who asks`);
      const given = headers["holdfast-csrf"];
      if (typeof given !== "string" || !isSameSecret(given, csrfOf(user))) return foreign;
      const group = readOperators(instance, configFolder);
      if (!group.ok)
        return refuse(`cannot tell who the operators of ${instance} are: ${group.failure.message}`);
      if (group.value === null) {
        return refuse(`${instance} has no operators: its config has no \`operators\` below [control]`);
      }
      if (await isMember(user, group.value)) return { user };
      return refuse(`${user} is not in the group ${group.value}, whose members may act on ${instance}`);
    },
  };
}

function refuse(message: string): Refusal {
  return { status: 403, reason: "permission-denied", message };
}

const actionsOff: Refusal = {
  status: 403,
  reason: "actions-off",
  message: "this page only shows: an admin switches actions on in /etc/holdfast-web.toml",
};

const noToken: Refusal = {
  status: 403,
  reason: "no-token",
  message: "acting needs the token that `holdfast web-token` prints, as Authorization: Bearer TOKEN",
};

const foreign: Refusal = {
  status: 403,
  reason: "foreign-origin",
  message: "this request does not come from the page, or from a page of before a restart; load it again",
};
