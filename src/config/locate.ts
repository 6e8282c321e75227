/**
 * Finds the line, from 1, on which a key stands in a text that is valid TOML. A key that is not written out (a missing
 * one) is found at the nearest table above it that is; null when none of them is. On other texts the line may be wrong.
 */
export function locateKeys(toml: string): (path: readonly (string | number)[]) => number | null {
  const lines = scan(toml);
  return (path) => {
    for (let length = Math.min(path.length, maxDepth); length > 0; length--) {
      const line = lines.get(JSON.stringify(path.slice(0, length)));
      if (line !== undefined) return line;
    }
    return null;
  };
}

type Path = readonly (string | number)[];

/** No key that means anything lies deeper (`listeners.NAME.address`); the bound keeps absurd files cheap. */
const maxDepth = 4;

/** The line of each key, table and array element, by the JSON of its path. */
function scan(toml: string): Map<string, number> {
  const lines = new Map<string, number>();
  let at = 0;
  let line = 1;
  let counted = 0;

  // Keys are recorded in the order of the text, so its lines are counted once.
  const lineOf = (offset: number): number => {
    for (
      let end = toml.indexOf("\n", counted);
      end !== -1 && end < offset;
      end = toml.indexOf("\n", counted)
    ) {
      line++;
      counted = end + 1;
    }
    return line;
  };
  const record = (path: Path, offset: number): void => {
    for (let length = 1; length <= Math.min(path.length, maxDepth); length++) {
      const name = JSON.stringify(path.slice(0, length));
      if (!lines.has(name)) lines.set(name, lineOf(offset));
    }
  };
  const take = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    const found = pattern.exec(toml)?.[0];
    at += found?.length ?? 0;
    return found;
  };
  const skipBlank = (): void => void take(/(?:[\s\ufeff]|#[^\n]*)*/y);

  const readKey = (): string[] => {
    const parts: string[] = [];
    do {
      take(/[ \t]*/y);
      const quoted = take(/"(?:[^"\\\n]|\\.)*"|'[^'\n]*'/y);
      parts.push(quoted === undefined ? (take(/[A-Za-z0-9_-]+/y) ?? "") : unquote(quoted));
      take(/[ \t]*/y);
    } while (take(/\./y) !== undefined);
    return parts;
  };
  const readValue = (path: Path): void => {
    if (take(/\[/y) !== undefined) readItems("]", (index) => readElement([...path, index]));
    else if (take(/\{/y) !== undefined) readItems("}", () => readPair(path));
    else take(/"""(?:[^\\]|\\[\s\S])*?"{3,5}|'''[\s\S]*?'{3,5}|"(?:[^"\\\n]|\\.)*"|'[^'\n]*'|[^,\]}#\n]*/y);
  };
  const readElement = (path: Path): void => {
    record(path, at);
    readValue(path);
  };
  const readPair = (above: Path): void => {
    const start = at;
    const path = [...above, ...readKey()];
    record(path, start);
    take(/=[ \t]*/y);
    readValue(path);
  };
  const readItems = (end: "]" | "}", readItem: (index: number) => void): void => {
    for (let index = 0; ; index++) {
      skipBlank();
      if (at >= toml.length || toml[at] === end) break;
      const start = at;
      readItem(index);
      skipBlank();
      take(/,/y);
      if (at === start) break;
    }
    at++;
  };

  let above: Path = [];
  while (at < toml.length) {
    skipBlank();
    const start = at;
    if (take(/\[\[?/y) !== undefined) {
      above = readKey();
      record(above, start);
    } else if (at < toml.length) {
      readPair(above);
    }
    // The rest of a line says nothing about keys; it also keeps a text that is not TOML from standing still.
    take(/[^\n]*/y);
  }
  return lines;
}

function unquote(quoted: string): string {
  if (quoted.startsWith("'")) return quoted.slice(1, -1);
  const escapes: Readonly<Record<string, string>> = {
    b: "\b",
    t: "\t",
    n: "\n",
    f: "\f",
    r: "\r",
    e: "\x1b",
  };
  return quoted
    .slice(1, -1)
    .replace(
      /\\(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|x([0-9a-fA-F]{2})|(.))/g,
      (_, u: string | undefined, U: string | undefined, x: string | undefined, plain: string | undefined) => {
        if (plain !== undefined) return escapes[plain] ?? plain;
        const point = Number.parseInt(u ?? U ?? x ?? "", 16);
        return point <= 0x10ffff ? String.fromCodePoint(point) : "";
      },
    );
}
