/** What was once shown as it came, or taken for something else. */
export const knownDatagrams: readonly string[] = [
  "STATUS=fine\r8.1     ready",
  "STATUS=\u202eydaer",
  "STATUS=\u009b2J\u2028next",
  `STATUS=${"x".repeat(4_000)}`,
  "STATUS=\ud83d\ude00".repeat(300),
  "READY=1\nREADY=0\nSTOPPING=1",
  "ERRNO=99999999999999999999",
  "ERRNO=1e308",
  "HOLDFAST_CONNECT=1",
  "=",
  "READY",
];
