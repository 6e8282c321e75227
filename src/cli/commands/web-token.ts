import { succeed } from "../../lib/failure.js";
import type { Command } from "../command.js";
import { say } from "../print.js";

/** Made once. For root it is that of the system's page, which its service has made. */
export const webTokenCommand: Command = {
  name: "web-token",
  alone: true,
  options: [],
  summary: "the token with which the page may act",
  run: async () => {
    const { findToken } = await import("../../web/token.js");
    const token = findToken();
    if (!token.ok) return token;
    say(token.value);
    return succeed("done");
  },
};
