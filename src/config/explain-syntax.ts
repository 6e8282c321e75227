/** What the parser of TOML says, with what a person most likely did; in the order in which they are tried. */
const explanations: readonly (readonly [said: RegExp, at: RegExp, sentence: string])[] = [
  [
    /^control characters are not allowed in strings/,
    /^$/,
    "a string is not closed: its closing quote is missing before the end of the line",
  ],
  [/^control characters/, /./, "a control character is in a string; write it as an escape, like \\t"],
  [/^unfinished string/, /(?:)/, "a string is never closed: its closing quotes are missing"],
  [
    /^expected comma or end of structure/,
    /(?:)/,
    "a comma, a quote or a closing bracket is missing here, or in the line before",
  ],
  [
    /^illegal character in key/,
    /^:/,
    'a key and its value have = between them, as in command = ["/usr/bin/app"]',
  ],
  [/^illegal character in key/, /^$/, "the line ends in the middle of a key: a ] or a = is missing"],
  [/^invalid value/, /(?:)/, 'not a value: text has straight quotes around it, as in "text"'],
  [
    /escape/,
    /(?:)/,
    "a backslash begins an escape; write \\\\ for a backslash, or the text in single quotes",
  ],
  [/^trying to redefine/, /(?:)/, "this key or table stands above already; each may be written once"],
];

/** `rest` is the line from where the parser stopped. */
export function explainSyntax(said: string, rest: string): string {
  return explanations.find(([what, at]) => what.test(said) && at.test(rest))?.[2] ?? said;
}
