# The site as a Rack app: `/` and `/slow?ms=N`. Its version is in the file `version` beside it.
version = File.read(File.join(__dir__, "version")).strip

run(lambda do |env|
  sleep(env["QUERY_STRING"][/ms=(\d+)/, 1].to_i / 1000.0) if env["PATH_INFO"] == "/slow"
  [200, { "x-version" => version, "content-length" => "3" }, ["ok\n"]]
end)
