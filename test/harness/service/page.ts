import { readFile } from "node:fs/promises";
import { pathInCheckout } from "../container/checkout.js";

/** The code blocks of one language in one section of a page (from the top of the checkout), in their order, without their indent. */
export async function blocksOf(page: string, heading: string, language: string): Promise<readonly string[]> {
  const text = await readFile(pathInCheckout(page), "utf8");
  const section = text.split(/^## /m).find((part) => part.startsWith(`${heading}\n`)) ?? "";
  const blocks = [...section.matchAll(/^( *)```(\w+)\n([\s\S]*?)^\1```$/gm)];
  return blocks.flatMap(([, indent = "", kind, body = ""]) =>
    kind === language ? [body.replaceAll(new RegExp(`^${indent}`, "gm"), "")] : [],
  );
}
