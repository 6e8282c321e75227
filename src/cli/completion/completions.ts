import { commands } from "../commands.js";
import { bashCompletion } from "./bash.js";
import { fishCompletion } from "./fish.js";
import { zshCompletion } from "./zsh.js";

/** The texts of the completions, by file name; scripts/build.mjs writes them. */
export const completions: Readonly<Record<string, string>> = {
  "holdfast.bash": bashCompletion(commands),
  _holdfast: zshCompletion(commands),
  "holdfast.fish": fishCompletion(commands),
};
