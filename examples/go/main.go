// Command go prints who is in the group of its pod, whenever that changes.
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"os/signal"
	"syscall"

	"rollcall.example/go/members"
)

func main() {
	socket := os.Getenv("ROLLCALL_SOCKET")
	if socket == "" {
		socket = "/run/rollcall/members.sock"
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	err := members.Follow(ctx, socket, func(group members.State) { fmt.Println(group) })
	if ctx.Err() == nil {
		log.Fatalf("rollcall: %v", err)
	}
}
