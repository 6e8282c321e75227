# Answers with the pid, and when it was loaded: puma that begins anew in its own process says another time.
version = File.read("version").strip
loaded = Process.clock_gettime(Process::CLOCK_MONOTONIC)

run lambda { |env|
  ms = env["QUERY_STRING"][/ms=(\d+)/, 1]
  sleep(ms.to_i / 1000.0) if ms
  [200, { "content-type" => "text/plain", "x-version" => version }, ["#{Process.pid} #{loaded}"]]
}
