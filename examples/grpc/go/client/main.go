// Command client calls one backend after another, and prints which backends answered in each second.
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"sort"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/peer"

	_ "rollcall.example/grpc/resolver"
)

const (
	pause   = 50 * time.Millisecond
	perLine = 20 // a line a second
	// Longer than it takes a busy machine to answer.
	deadline = 10 * time.Second
)

func main() {
	socket := os.Getenv("ROLLCALL_SOCKET")
	if socket == "" {
		socket = "/run/rollcall/members.sock"
	}
	conn, err := grpc.NewClient("rollcall://"+socket+"?port=grpc",
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultServiceConfig(`{"loadBalancingConfig": [{"round_robin": {}}]}`))
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	health := grpc_health_v1.NewHealthClient(conn)
	for {
		report(health)
	}
}

func report(health grpc_health_v1.HealthClient) {
	answered, failed := map[string]bool{}, 0
	for range perLine {
		address, err := call(health)
		if err != nil {
			failed++
			log.Print(err)
		} else {
			answered[address] = true
		}
		time.Sleep(pause)
	}
	addresses := make([]string, 0, len(answered))
	for address := range answered {
		addresses = append(addresses, address)
	}
	sort.Strings(addresses)
	fmt.Printf("answered by %d: %s; failed %d\n", len(addresses), strings.Join(addresses, " "), failed)
}

func call(health grpc_health_v1.HealthClient) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), deadline)
	defer cancel()
	var from peer.Peer
	_, err := health.Check(ctx, &grpc_health_v1.HealthCheckRequest{}, grpc.Peer(&from), grpc.WaitForReady(true))
	if err != nil {
		return "", err
	}
	return from.Addr.String(), nil
}
