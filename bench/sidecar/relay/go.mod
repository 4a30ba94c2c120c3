module rollcall.dev/bench/relay

go 1.22
