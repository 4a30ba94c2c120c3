// The yardstick of bench/: what a hand-written relay on Go's standard library does. It watches the
// EndpointSlices of one service, keeps the members by uid, and writes each change as a line of JSON
// to whoever is connected to a Unix socket. No reconnect, no relist, no slow readers: just the path
// from an event to the application.
package main

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"flag"
	"log"
	"net"
	"net/http"
	"os"
	"reflect"
	"sync"
)

type member struct {
	UID       string         `json:"uid"`
	Name      string         `json:"name"`
	Namespace string         `json:"namespace"`
	Hostname  string         `json:"hostname,omitempty"`
	Addresses []string       `json:"addresses"`
	Ports     map[string]int `json:"ports"`
	Node      string         `json:"node,omitempty"`
	Zone      string         `json:"zone,omitempty"`
	Ready     bool           `json:"ready"`
}

type event struct {
	Type   string `json:"type"`
	Object struct {
		Metadata struct {
			Name        string            `json:"name"`
			Annotations map[string]string `json:"annotations"`
		} `json:"metadata"`
		Endpoints []struct {
			Addresses  []string `json:"addresses"`
			Hostname   string   `json:"hostname"`
			NodeName   string   `json:"nodeName"`
			Zone       string   `json:"zone"`
			Conditions struct {
				Ready *bool `json:"ready"`
			} `json:"conditions"`
			TargetRef struct {
				Name      string `json:"name"`
				Namespace string `json:"namespace"`
				UID       string `json:"uid"`
			} `json:"targetRef"`
		} `json:"endpoints"`
		Ports []struct {
			Name string `json:"name"`
			Port int    `json:"port"`
		} `json:"ports"`
	} `json:"object"`
}

type relay struct {
	mutex   sync.Mutex
	clients map[net.Conn]bool
	slices  map[string]map[string]member
}

func main() {
	server := flag.String("server", "", "URL of the watch")
	ca := flag.String("ca-file", "", "CA of the server")
	path := flag.String("socket", "", "path of the socket")
	flag.Parse()
	pem, err := os.ReadFile(*ca)
	if err != nil {
		log.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(pem)
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}}
	r := &relay{clients: map[net.Conn]bool{}, slices: map[string]map[string]member{}}
	listener, err := net.Listen("unix", *path)
	if err != nil {
		log.Fatal(err)
	}
	go r.accept(listener)
	response, err := client.Get(*server)
	if err != nil {
		log.Fatal(err)
	}
	reader := bufio.NewReaderSize(response.Body, 1<<20)
	for {
		line, err := reader.ReadBytes('\n')
		if err != nil {
			log.Fatal(err)
		}
		var e event
		if err := json.Unmarshal(line, &e); err != nil {
			log.Fatal(err)
		}
		r.apply(e)
	}
}

func (r *relay) accept(listener net.Listener) {
	for {
		connection, err := listener.Accept()
		if err != nil {
			return
		}
		r.mutex.Lock()
		all := []member{}
		for _, slice := range r.slices {
			for _, m := range slice {
				all = append(all, m)
			}
		}
		r.send(connection, map[string]any{"type": "snapshot", "members": all})
		r.clients[connection] = true
		r.mutex.Unlock()
	}
}

func (r *relay) apply(e event) {
	if e.Type == "BOOKMARK" {
		return
	}
	r.mutex.Lock()
	defer r.mutex.Unlock()
	ports := map[string]int{}
	for _, p := range e.Object.Ports {
		ports[p.Name] = p.Port
	}
	before, after := r.slices[e.Object.Metadata.Name], map[string]member{}
	left, joined, changed := []member{}, []member{}, []member{}
	if e.Type != "DELETED" {
		for _, p := range e.Object.Endpoints {
			t := p.TargetRef
			ready := p.Conditions.Ready == nil || *p.Conditions.Ready
			m := member{t.UID, t.Name, t.Namespace, p.Hostname, p.Addresses, ports, p.NodeName, p.Zone, ready}
			after[t.UID] = m
			if old, known := before[t.UID]; !known {
				joined = append(joined, m)
			} else if !reflect.DeepEqual(old, m) {
				changed = append(changed, m)
			}
		}
	}
	for uid, m := range before {
		if _, stays := after[uid]; !stays {
			left = append(left, m)
		}
	}
	r.slices[e.Object.Metadata.Name] = after
	for connection := range r.clients {
		r.send(connection, map[string]any{"type": "delta", "left": left, "joined": joined, "changed": changed})
	}
}

func (r *relay) send(connection net.Conn, line any) {
	text, _ := json.Marshal(line)
	if _, err := connection.Write(append(text, '\n')); err != nil {
		delete(r.clients, connection)
	}
}
