module rollcall.dev/bench/load

go 1.24
