module rollcall.example/go

go 1.21
