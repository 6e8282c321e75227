# Answers with the pid, and how often it has been loaded under that pid: puma that re-executes itself passes its environment on.
version = File.read("version").strip
loaded = ENV["LOADED"] = (ENV["LOADED"].to_i + 1).to_s

run lambda { |env|
  ms = env["QUERY_STRING"][/ms=(\d+)/, 1]
  sleep(ms.to_i / 1000.0) if ms
  [200, { "content-type" => "text/plain", "x-version" => version }, ["#{Process.pid} #{loaded}"]]
}
