// Package resolver gives grpc-go the ready members of a group as backends, as Rollcall's sidecar tells of them:
// a target is "rollcall:///run/rollcall/members.sock?port=grpc", where the port has the name that the Service
// gives it.
package resolver

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"

	"google.golang.org/grpc/resolver"

	"rollcall.example/go/members"
)

// Scheme is what targets begin with.
const Scheme = "rollcall"

func init() { resolver.Register(builder{}) }

type builder struct{}

func (builder) Scheme() string { return Scheme }

// Build follows the socket until the connection is closed.
func (builder) Build(
	target resolver.Target, cc resolver.ClientConn, _ resolver.BuildOptions,
) (resolver.Resolver, error) {
	port := target.URL.Query().Get("port")
	if target.URL.Path == "" || target.URL.Host != "" {
		return nil, fmt.Errorf("%q has no path of a socket; give %s:///run/rollcall/members.sock?port=grpc",
			target.URL.String(), Scheme)
	}
	ctx, cancel := context.WithCancel(context.Background())
	r := &following{cancel: cancel, done: make(chan struct{})}
	go func() {
		defer close(r.done)
		err := members.Follow(ctx, target.URL.Path, func(group members.State) { update(cc, group, port) })
		if errors.Is(err, members.ErrProtocol) {
			cc.ReportError(err)
		}
	}()
	return r, nil
}

// update hands over who is ready. A group that is stale is handed over as well: nobody leaves by staleness.
func update(cc resolver.ClientConn, group members.State, port string) {
	// An error says that the balancer would take other addresses; there are none before the next change.
	_ = cc.UpdateState(resolver.State{Endpoints: endpoints(group.Members, port)})
}

func endpoints(group []members.Member, port string) []resolver.Endpoint {
	found := []resolver.Endpoint{}
	for _, member := range group {
		number, ok := member.Ports[port]
		if !ok || !member.Ready || len(member.Addresses) == 0 {
			continue
		}
		// Several addresses of one endpoint are one backend in two IP families.
		endpoint := resolver.Endpoint{}
		for _, address := range member.Addresses {
			backend := net.JoinHostPort(address, strconv.Itoa(number))
			endpoint.Addresses = append(endpoint.Addresses, resolver.Address{Addr: backend})
		}
		found = append(found, endpoint)
	}
	return found
}

type following struct {
	cancel context.CancelFunc
	done   chan struct{}
}

// ResolveNow has nothing to do: a change is told when it happens, not when it is asked for.
func (*following) ResolveNow(resolver.ResolveNowOptions) {}

func (f *following) Close() {
	f.cancel()
	<-f.done
}
