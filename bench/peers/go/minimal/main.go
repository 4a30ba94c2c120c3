// The same webhook with types of its own that hold only the fields that it reads: the least that a Go
// program on the standard library can do, and seldom seen.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"

	"rollcall.dev/bench/peers/inject"
)

const (
	bodyLimit     = 7 << 20
	name          = "rollcall"
	tokenVolume   = "rollcall-token"
	scopedAccount = "rollcall-watcher"
	mountPath     = "/run/rollcall"
	tokenPath     = "/var/run/secrets/kubernetes.io/serviceaccount"
	statusKey     = "rollcall.dev/status"
)

type review struct {
	APIVersion string    `json:"apiVersion"`
	Kind       string    `json:"kind"`
	Request    *request  `json:"request,omitempty"`
	Response   *response `json:"response,omitempty"`
}

type request struct {
	UID  string `json:"uid"`
	Kind struct {
		Group string `json:"group"`
		Kind  string `json:"kind"`
	} `json:"kind"`
	Operation   string `json:"operation"`
	SubResource string `json:"subResource"`
	Namespace   string `json:"namespace"`
	Object      pod    `json:"object"`
}

type response struct {
	UID       string `json:"uid"`
	Allowed   bool   `json:"allowed"`
	PatchType string `json:"patchType,omitempty"`
	Patch     []byte `json:"patch,omitempty"`
}

type pod struct {
	Metadata struct {
		Annotations map[string]string `json:"annotations"`
	} `json:"metadata"`
	Spec struct {
		Subdomain                     string            `json:"subdomain"`
		ServiceAccountName            string            `json:"serviceAccountName"`
		ServiceAccount                string            `json:"serviceAccount"`
		AutomountServiceAccountToken  *bool             `json:"automountServiceAccountToken"`
		TerminationGracePeriodSeconds *int64            `json:"terminationGracePeriodSeconds"`
		NodeSelector                  map[string]string `json:"nodeSelector"`
		Volumes                       []named           `json:"volumes"`
		Containers                    []container       `json:"containers"`
		InitContainers                []container       `json:"initContainers"`
	} `json:"spec"`
}

type named struct {
	Name string `json:"name"`
}

type container struct {
	Name         string   `json:"name"`
	Args         []string `json:"args"`
	VolumeMounts []mount  `json:"volumeMounts"`
}

type mount struct {
	Name      string `json:"name"`
	MountPath string `json:"mountPath"`
	ReadOnly  bool   `json:"readOnly,omitempty"`
}

type webhook struct {
	image, version string
	namespaces     *inject.Namespaces
}

func main() {
	certificate := flag.String("cert", "", "PEM of the serving certificate")
	key := flag.String("key", "", "PEM of its key")
	address := flag.String("listen", "127.0.0.1:0", "HOST:PORT")
	namespaces := flag.String("namespaces", "", "JSON with the labels of each namespace")
	w := webhook{}
	flag.StringVar(&w.image, "image", "rollcall:0.2.0", "image of the sidecar")
	flag.StringVar(&w.version, "version", "0.2.0", "version for the status")
	flag.Parse()
	var err error
	if w.namespaces, err = inject.ReadNamespaces(*namespaces); err != nil {
		log.Fatal(err)
	}
	listener, err := net.Listen("tcp", *address)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Fprintf(os.Stderr, "{\"message\":\"serving\",\"port\":%d}\n", listener.Addr().(*net.TCPAddr).Port)
	mux := http.NewServeMux()
	mux.HandleFunc("POST /mutate", w.mutate)
	log.Fatal(http.ServeTLS(listener, mux, *certificate, *key))
}

func (w webhook) mutate(out http.ResponseWriter, in *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(out, in.Body, bodyLimit))
	if err != nil {
		http.Error(out, err.Error(), http.StatusBadRequest)
		return
	}
	asked := review{}
	if err := json.Unmarshal(body, &asked); err != nil || asked.Request == nil {
		http.Error(out, "not an AdmissionReview", http.StatusBadRequest)
		return
	}
	answer := &response{UID: asked.Request.UID, Allowed: true}
	if operations := w.operations(asked.Request); len(operations) > 0 {
		patch, err := json.Marshal(operations)
		if err != nil {
			http.Error(out, err.Error(), http.StatusInternalServerError)
			return
		}
		answer.Patch, answer.PatchType = patch, "JSONPatch"
	}
	asked.Request, asked.Response = nil, answer
	out.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(out).Encode(asked); err != nil {
		log.Print(err)
	}
}

// operations are none for a pod that is left alone. The bench asks about no pod that is to be denied.
func (w webhook) operations(asked *request) []inject.Operation {
	pod := &asked.Object
	word, says := pod.Metadata.Annotations["rollcall.dev/inject"]
	labelled := w.namespaces.Labels(asked.Namespace)["rollcall.dev/injection"] == "enabled"
	service := pod.Metadata.Annotations["rollcall.dev/service"]
	if service == "" {
		service = pod.Spec.Subdomain
	}
	if asked.Kind.Kind != "Pod" || asked.Operation != "CREATE" || asked.SubResource != "" ||
		(says && word != "true") || (!says && !labelled) || service == "" || pod.Spec.NodeSelector["kubernetes.io/os"] == "windows" {
		return nil
	}
	native := slices.IndexFunc(pod.Spec.InitContainers, func(c container) bool {
		return c.Name == name && len(c.Args) > 0 && c.Args[0] == "sidecar"
	})
	if native != -1 && pod.Metadata.Annotations[statusKey] != "" {
		return nil
	}
	return w.patch(pod, service)
}

func (w webhook) patch(pod *pod, service string) []inject.Operation {
	var all []inject.Operation
	add := func(path string, value any) { all = append(all, inject.Operation{Op: "add", Path: path, Value: value}) }
	spec := &pod.Spec
	account := spec.ServiceAccountName
	scoped := account == "" || account == "default" || account == scopedAccount
	add("/metadata/annotations/rollcall.dev~1status", w.status(pod, service, scoped))
	unused := map[string]bool{}
	if scoped {
		add("/spec/serviceAccountName", scopedAccount)
		add("/spec/serviceAccount", scopedAccount)
		add("/spec/automountServiceAccountToken", false)
		unused = unusedTokens(pod)
	}
	for index := len(spec.Volumes) - 1; index >= 0; index-- {
		if unused[spec.Volumes[index].Name] {
			all = append(all, inject.Operation{Op: "remove", Path: fmt.Sprintf("/spec/volumes/%d", index)})
		}
	}
	if len(spec.Volumes) == 0 {
		add("/spec/volumes", json.RawMessage("["+emptyDir+","+token+"]"))
	} else {
		add("/spec/volumes/-", json.RawMessage(emptyDir))
		add("/spec/volumes/-", json.RawMessage(token))
	}
	for list, containers := range [][]container{spec.Containers, spec.InitContainers} {
		for index, one := range containers {
			path := fmt.Sprintf("/spec/%s/%d/volumeMounts", []string{"containers", "initContainers"}[list], index)
			all = append(all, mounts(one.VolumeMounts, path, unused, list == 0)...)
		}
	}
	if planned := w.sidecar(spec.TerminationGracePeriodSeconds, service); len(spec.InitContainers) == 0 {
		add("/spec/initContainers", []any{planned})
	} else {
		add("/spec/initContainers/0", planned)
	}
	return all
}

type status struct {
	Version string `json:"version"`
	Service string `json:"service"`
	Account string `json:"account"`
	Was     *was   `json:"was,omitempty"`
}

type was struct {
	ServiceAccountName           string `json:"serviceAccountName,omitempty"`
	ServiceAccount               string `json:"serviceAccount,omitempty"`
	AutomountServiceAccountToken *bool  `json:"automountServiceAccountToken,omitempty"`
}

func (w webhook) status(pod *pod, service string, scoped bool) string {
	said := status{Version: w.version, Service: service, Account: "kept"}
	if scoped {
		said.Account = "scoped"
		said.Was = &was{pod.Spec.ServiceAccountName, pod.Spec.ServiceAccount, pod.Spec.AutomountServiceAccountToken}
	}
	text, _ := json.Marshal(said)
	return string(text)
}

func unusedTokens(pod *pod) map[string]bool {
	unused := map[string]bool{}
	for _, volume := range pod.Spec.Volumes {
		if strings.HasPrefix(volume.Name, "kube-api-access-") {
			unused[volume.Name] = true
		}
	}
	for _, list := range [][]container{pod.Spec.Containers, pod.Spec.InitContainers} {
		for _, one := range list {
			for _, mount := range one.VolumeMounts {
				if mount.MountPath != tokenPath {
					delete(unused, mount.Name)
				}
			}
		}
	}
	return unused
}

func mounts(existing []mount, path string, unused map[string]bool, ours bool) []inject.Operation {
	var all []inject.Operation
	for index := len(existing) - 1; index >= 0; index-- {
		if unused[existing[index].Name] && existing[index].MountPath == tokenPath {
			all = append(all, inject.Operation{Op: "remove", Path: fmt.Sprintf("%s/%d", path, index)})
		}
	}
	mine := mount{name, mountPath, true}
	switch {
	case !ours:
		return all
	case len(existing) == 0:
		return []inject.Operation{{Op: "add", Path: path, Value: []mount{mine}}}
	}
	return append(all, inject.Operation{Op: "add", Path: path + "/-", Value: mine})
}

const emptyDir = `{"name":"rollcall","emptyDir":{"medium":"Memory","sizeLimit":"16Mi"}}`
const token = `{"name":"rollcall-token","projected":{"defaultMode":292,"sources":[` +
	`{"serviceAccountToken":{"path":"token","expirationSeconds":3600}},` +
	`{"configMap":{"name":"kube-root-ca.crt","items":[{"key":"ca.crt","path":"ca.crt"}]}}]}}`

type value struct {
	Name      string          `json:"name"`
	Value     string          `json:"value,omitempty"`
	ValueFrom json.RawMessage `json:"valueFrom,omitempty"`
}

func (w webhook) sidecar(grace *int64, service string) any {
	env := []value{
		{Name: "ROLLCALL_NAMESPACE", ValueFrom: field("metadata.namespace")},
		{Name: "ROLLCALL_SERVICE", Value: service},
	}
	if grace != nil && *grace != 30 {
		env = append(env, value{Name: "ROLLCALL_GRACE_SECONDS", Value: fmt.Sprint(max(0, *grace-5))})
	}
	env = append(env,
		value{Name: "ROLLCALL_POD_NAME", ValueFrom: field("metadata.name")},
		value{Name: "ROLLCALL_POD_UID", ValueFrom: field("metadata.uid")},
		value{Name: "ROLLCALL_NODE_NAME", ValueFrom: field("spec.nodeName")},
		value{Name: "ROLLCALL_ZONE", ValueFrom: field("metadata.labels['topology.kubernetes.io/zone']")},
		value{Name: "NODE_OPTIONS", Value: "--max-semi-space-size=1"},
		value{Name: "GLIBC_TUNABLES", Value: "glibc.malloc.arena_max=1:glibc.malloc.mmap_threshold=32768:glibc.malloc.trim_threshold=1048576:glibc.malloc.top_pad=16384"},
	)
	return struct {
		Name            string          `json:"name"`
		Image           string          `json:"image"`
		ImagePullPolicy string          `json:"imagePullPolicy"`
		Args            []string        `json:"args"`
		RestartPolicy   string          `json:"restartPolicy"`
		Env             []value         `json:"env"`
		Resources       json.RawMessage `json:"resources"`
		VolumeMounts    []mount         `json:"volumeMounts"`
		StartupProbe    json.RawMessage `json:"startupProbe"`
		LivenessProbe   json.RawMessage `json:"livenessProbe"`
		Termination     string          `json:"terminationMessagePolicy"`
		Security        json.RawMessage `json:"securityContext"`
	}{
		name, w.image, "IfNotPresent", []string{"sidecar"}, "Always", env,
		json.RawMessage(`{"requests":{"cpu":"10m","memory":"48Mi"},"limits":{"cpu":"500m","memory":"128Mi"}}`),
		[]mount{{Name: name, MountPath: mountPath}, {tokenVolume, tokenPath, true}},
		json.RawMessage(`{"httpGet":{"path":"/startz","port":17655},"timeoutSeconds":30,"periodSeconds":1,"failureThreshold":60}`),
		json.RawMessage(`{"httpGet":{"path":"/healthz","port":17655},"periodSeconds":10,"failureThreshold":3}`),
		"FallbackToLogsOnError",
		json.RawMessage(`{"allowPrivilegeEscalation":false,"capabilities":{"drop":["ALL"]},"readOnlyRootFilesystem":true,` +
			`"runAsGroup":17655,"runAsNonRoot":true,"runAsUser":17655,"seccompProfile":{"type":"RuntimeDefault"}}`),
	}
}

func field(path string) json.RawMessage {
	return json.RawMessage(`{"fieldRef":{"apiVersion":"v1","fieldPath":"` + path + `"}}`)
}
