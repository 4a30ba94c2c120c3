package inject

import (
	"encoding/json"
	"os"
	"sync"
)

// Namespaces are the labels of each namespace, in memory as an informer has them.
type Namespaces struct {
	mutex  sync.RWMutex
	labels map[string]map[string]string
}

// ReadNamespaces takes them from a file: an object with the labels of each name.
func ReadNamespaces(path string) (*Namespaces, error) {
	n := &Namespaces{labels: map[string]map[string]string{}}
	if path == "" {
		return n, nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return n, json.Unmarshal(text, &n.labels)
}

// Labels are those of one namespace; empty when it is not known.
func (n *Namespaces) Labels(name string) map[string]string {
	n.mutex.RLock()
	defer n.mutex.RUnlock()
	return n.labels[name]
}
