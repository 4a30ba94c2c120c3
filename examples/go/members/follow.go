package members

import (
	"bufio"
	"context"
	"errors"
	"io"
	"log"
	"math/rand"
	"net"
	"time"
)

// A snapshot is one line of up to 500 bytes a member: room for 33,000. A longer line is not believed.
const maxLineBytes = 16 << 20

// Follow calls changed with the group whenever it or its staleness changed, first when it is known. It connects
// again for ever, and returns when the context is done or the sidecar speaks another protocol.
func Follow(ctx context.Context, socket string, changed func(State)) error {
	g := newGroup()
	for {
		err := followOnce(ctx, socket, g, changed)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if errors.Is(err, ErrProtocol) {
			return err
		}
		log.Printf("rollcall: %v; connecting again", err)
		g.connected()
		if g.synced {
			changed(g.state())
		}
		// By chance, so that the readers of a pod do not come in step when the sidecar starts again.
		select {
		case <-time.After(time.Duration(100+rand.Intn(900)) * time.Millisecond):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func followOnce(ctx context.Context, socket string, g *group, changed func(State)) error {
	conn, err := (&net.Dialer{}).DialContext(ctx, "unix", socket)
	if err != nil {
		return err
	}
	defer conn.Close()
	// A read that waits ends when the context does.
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	g.connected()
	lines := bufio.NewScanner(impatient{conn, g})
	// Without this a line may have 64 KiB, which is 130 members.
	lines.Buffer(nil, maxLineBytes)
	for lines.Scan() {
		if len(lines.Bytes()) == 0 {
			continue
		}
		news, err := g.apply(lines.Bytes())
		if err != nil {
			return err
		}
		if news && g.synced {
			changed(g.state())
		}
	}
	if lines.Err() != nil {
		return lines.Err()
	}
	return io.EOF
}

// impatient gives up on a sidecar that says nothing for three heartbeats.
type impatient struct {
	conn  net.Conn
	group *group
}

func (i impatient) Read(buffer []byte) (int, error) {
	if err := i.conn.SetReadDeadline(time.Now().Add(i.group.silence)); err != nil {
		return 0, err
	}
	return i.conn.Read(buffer)
}
