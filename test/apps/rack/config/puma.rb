# What puma was passed it finds by the address, also when it begins anew; with `--bind-to-activated-sockets` it does so only once.
bind "tcp://127.0.0.1:#{ENV.fetch("PORT")}"
# Else clients that have connected are closed at its end while their requests are on the way.
queue_requests false
