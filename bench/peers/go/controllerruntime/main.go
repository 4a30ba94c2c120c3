// The same webhook on controller-runtime, as its users write one: its decoder, changes to the typed pod,
// and PatchResponseFromRaw, which compares the pod before and after.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"net/http"
	"os"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	ctrl "sigs.k8s.io/controller-runtime"
	ctrllog "sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/webhook"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"rollcall.dev/bench/peers/inject"
)

type handler struct {
	decoder    admission.Decoder
	settings   inject.Settings
	namespaces *inject.Namespaces
}

func main() {
	certificates := flag.String("cert-dir", "", "directory of tls.crt and tls.key")
	port := flag.Int("port", 9443, "port to listen on")
	namespaces := flag.String("namespaces", "", "JSON with the labels of each namespace")
	h := &handler{}
	flag.StringVar(&h.settings.Image, "image", "rollcall:0.2.0", "image of the sidecar")
	flag.StringVar(&h.settings.Version, "version", "0.2.0", "version for the status")
	flag.Parse()
	ctrllog.SetLogger(logr.Discard())
	var err error
	if h.namespaces, err = inject.ReadNamespaces(*namespaces); err != nil {
		log.Fatal(err)
	}
	scheme := runtime.NewScheme()
	if err := corev1.AddToScheme(scheme); err != nil {
		log.Fatal(err)
	}
	h.decoder = admission.NewDecoder(scheme)
	server := webhook.NewServer(webhook.Options{Host: "127.0.0.1", Port: *port, CertDir: *certificates})
	server.Register("/mutate", &webhook.Admission{Handler: h})
	fmt.Fprintf(os.Stderr, "{\"message\":\"serving\",\"port\":%d}\n", *port)
	log.Fatal(server.Start(ctrl.SetupSignalHandler()))
}

// Handle answers one review.
func (h *handler) Handle(_ context.Context, request admission.Request) admission.Response {
	if request.Kind.Kind != "Pod" || request.Operation != "CREATE" || request.SubResource != "" {
		return admission.Allowed("")
	}
	pod := &corev1.Pod{}
	if err := h.decoder.Decode(request, pod); err != nil {
		return admission.Errored(http.StatusBadRequest, err)
	}
	decision := inject.Decide(pod, h.namespaces.Labels(request.Namespace))
	if decision.Denied {
		return admission.Denied(decision.Reason)
	}
	if !decision.Inject {
		return admission.Allowed("")
	}
	inject.Apply(pod, decision, h.settings)
	changed, err := json.Marshal(pod)
	if err != nil {
		return admission.Errored(http.StatusInternalServerError, err)
	}
	return admission.PatchResponseFromRaw(request.Object.Raw, changed)
}
