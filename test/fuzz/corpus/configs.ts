/** Configs that were once misread, or answered with what does not help. */
export const knownConfigs: readonly string[] = [
  'command = ["x"]\nverify = { http = "/healthz?who=load balancer" }',
  'command = ["x"]\nverify = { http = "/h\\u00e9alth" }',
  'command = ["a\\u0000b"]',
  'command = ["x"]\n"\\u202ekey" = 1',
  'command = ["x"]\n[listeners."\\u001b[2J"]\naddress = "nowhere"',
  'command = ["x"]\nrelease = "/srv/\\n"\n[ready]\nafter = "1e20s"',
  'command = ["x"]\nworkers = 1e308',
  'command = ["x"]\nkeep = 99999999999999999999',
  'command = ["x"]\nkeep = 1979-05-27T07:32:00Z',
  `command = ["x"]\n${"[".repeat(200)}`,
  `command = ${"[".repeat(2_000)}`,
  `command = ["x"]\na${".a".repeat(5_000)} = 1`,
  'command = ["x"]\n[judge]\nerrors = "1e-400%"',
  'command = ["x"]\nenvironment = { __proto__ = "b", constructor = "a" }',
  "\ufeffcommand = 'x",
];
