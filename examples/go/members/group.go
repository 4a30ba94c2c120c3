// Package members follows the group that Rollcall's sidecar tells of on a Unix socket. It needs the standard
// library only.
package members

import (
	"encoding/json"
	"errors"
	"fmt"
	"sort"
	"strings"
	"time"
	"unicode/utf8"
)

// Member is what this program uses of a member. Fields that it does not know are ignored.
type Member struct {
	UID       string         `json:"uid"`
	Name      string         `json:"name"`
	Addresses []string       `json:"addresses"`
	Ports     map[string]int `json:"ports"`
	Zone      string         `json:"zone"`
	Ready     bool           `json:"ready"`
	Self      bool           `json:"self"`
}

// State is the group at one moment. Stale means that it may be out of date, and Reason says why.
type State struct {
	// Members are in the order of their names.
	Members []Member
	Stale   bool
	Reason  string
}

// String is for logs: "members: a b | fresh".
func (s State) String() string {
	text := "members:"
	for _, member := range s.Members {
		text += " " + member.Name
	}
	if s.Stale {
		return text + " | stale: " + s.Reason
	}
	return text + " | fresh"
}

// ErrProtocol means that the sidecar speaks a protocol which this package would misread: stop.
var ErrProtocol = errors.New("the sidecar speaks another protocol than 1")

// line holds the fields of every type of line. What is nil did not come: a group must not be emptied by a line
// that lacks its members.
type line struct {
	Type             string   `json:"type"`
	Protocol         int      `json:"protocol"`
	HeartbeatSeconds float64  `json:"heartbeatSeconds"`
	Revision         *int64   `json:"revision"`
	Stale            *bool    `json:"stale"`
	Reason           string   `json:"reason"`
	Members          []Member `json:"members"`
	Left             []Member `json:"left"`
	Joined           []Member `json:"joined"`
	Changed          []Member `json:"changed"`
}

// whole tells whether the line has the fields that its type promises.
func (l line) whole() bool {
	switch l.Type {
	case "snapshot":
		return l.Revision != nil && l.Stale != nil && l.Members != nil && identified(l.Members)
	case "delta":
		return l.Revision != nil && l.Left != nil && l.Joined != nil && l.Changed != nil &&
			identified(l.Left) && identified(l.Joined) && identified(l.Changed)
	case "status":
		return l.Stale != nil
	case "heartbeat":
		return l.Revision != nil && l.Stale != nil
	}
	return true
}

func identified(members []Member) bool {
	for _, member := range members {
		if member.UID == "" {
			return false
		}
	}
	return true
}

// group puts the lines together. It does no I/O.
type group struct {
	members map[string]Member
	synced  bool // whether there ever was a snapshot; before it nothing is known, which is not "nobody"
	stale   bool
	reason  string
	// Of the connection that is open.
	greeted   bool
	following bool
	revision  int64
	silence   time.Duration
}

func newGroup() *group {
	g := &group{members: map[string]Member{}}
	g.connected()
	return g
}

// connected begins a new connection. What is known stays, as stale, until its snapshot.
func (g *group) connected() {
	g.greeted, g.following, g.silence = false, false, 15*time.Second
	g.stale, g.reason = true, "unconnected"
}

func (g *group) state() State {
	members := make([]Member, 0, len(g.members))
	for _, member := range g.members {
		members = append(members, member)
	}
	sort.Slice(members, func(i, j int) bool {
		return members[i].Name < members[j].Name || members[i].Name == members[j].Name && members[i].UID < members[j].UID
	})
	return State{Members: members, Stale: g.stale, Reason: g.reason}
}

// apply takes one line and tells whether the state may have changed. After an error the connection is of no
// more use.
func (g *group) apply(text []byte) (bool, error) {
	// The JSON package puts another character in the place of bytes that make no sense: a uid would be another uid.
	if !utf8.Valid(text) {
		return false, errors.New("a line that is not UTF-8")
	}
	var kind struct {
		Type string `json:"type"`
	}
	if err := json.Unmarshal(text, &kind); err != nil || kind.Type == "" {
		return false, fmt.Errorf("a line without a type: %.60q", text)
	}
	if !strings.Contains(" hello snapshot delta status heartbeat bye ", " "+kind.Type+" ") {
		return false, nil // a type of a later version, whose fields may mean anything
	}
	var l line
	if err := json.Unmarshal(text, &l); err != nil {
		return false, err
	}
	if !l.whole() {
		return false, fmt.Errorf("a %s without its fields", l.Type)
	}
	if !g.greeted && l.Type != "hello" {
		return false, fmt.Errorf("the first line is %s, not hello", l.Type)
	}
	switch l.Type {
	case "hello":
		return false, g.hello(l)
	case "snapshot":
		g.snapshot(l)
	case "delta":
		return true, g.delta(l)
	case "status":
		return g.staleness(*l.Stale, l.Reason), nil
	case "heartbeat":
		return g.heartbeat(l)
	case "bye":
		return false, fmt.Errorf("the sidecar said bye: %s", l.Reason)
	}
	return true, nil
}

func (g *group) hello(l line) error {
	if l.Protocol != 1 {
		return fmt.Errorf("%w: %d", ErrProtocol, l.Protocol)
	}
	g.greeted = true
	if l.HeartbeatSeconds > 0 && l.HeartbeatSeconds <= 3600 {
		// Three heartbeats that are missing mean that the sidecar is stuck.
		g.silence = time.Duration(3 * l.HeartbeatSeconds * float64(time.Second))
	}
	return nil
}

func (g *group) snapshot(l line) {
	g.members = make(map[string]Member, len(l.Members))
	g.put(l.Members)
	g.synced, g.following, g.revision = true, true, *l.Revision
	g.staleness(*l.Stale, "unknown")
}

func (g *group) delta(l line) error {
	if !g.following || *l.Revision != g.revision+1 {
		return fmt.Errorf("revision %d came after %d", *l.Revision, g.revision)
	}
	g.revision = *l.Revision
	for _, member := range l.Left {
		delete(g.members, member.UID)
	}
	g.put(l.Joined)
	g.put(l.Changed)
	return nil
}

func (g *group) heartbeat(l line) (bool, error) {
	if g.following && *l.Revision != g.revision {
		return false, fmt.Errorf("a heartbeat of revision %d, with %d held", *l.Revision, g.revision)
	}
	reason := "unknown"
	if g.stale {
		reason = g.reason
	}
	return g.staleness(*l.Stale, reason), nil
}

func (g *group) put(members []Member) {
	for _, member := range members {
		g.members[member.UID] = member
	}
}

// staleness tells whether it changed. What is remembered from before becomes fresh by a snapshot only.
func (g *group) staleness(stale bool, reason string) bool {
	if !g.following {
		return false
	}
	if !stale {
		reason = ""
	}
	changes := stale != g.stale || reason != g.reason
	g.stale, g.reason = stale, reason
	return changes
}
