// A webhook on Go's standard library and the types of k8s.io/api, as many are written: the yardstick of
// bench/. It decodes the review and the pod, decides, and answers with a JSON patch.
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

	admissionv1 "k8s.io/api/admission/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"rollcall.dev/bench/peers/inject"
)

// Longer than any review that an API server sends.
const bodyLimit = 7 << 20

type webhook struct {
	settings   inject.Settings
	namespaces *inject.Namespaces
}

func main() {
	certificate := flag.String("cert", "", "PEM of the serving certificate")
	key := flag.String("key", "", "PEM of its key")
	address := flag.String("listen", "127.0.0.1:0", "HOST:PORT")
	namespaces := flag.String("namespaces", "", "JSON with the labels of each namespace")
	w := webhook{}
	flag.StringVar(&w.settings.Image, "image", "rollcall:0.2.0", "image of the sidecar")
	flag.StringVar(&w.settings.Version, "version", "0.2.0", "version for the status")
	flag.Parse()
	var err error
	if w.namespaces, err = inject.ReadNamespaces(*namespaces); err != nil {
		log.Fatal(err)
	}
	listener, err := net.Listen("tcp", *address)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Fprintf(os.Stderr, `{"message":"serving","port":%d}`+"\n", listener.Addr().(*net.TCPAddr).Port)
	mux := http.NewServeMux()
	mux.HandleFunc("POST /mutate", w.mutate)
	log.Fatal(http.ServeTLS(listener, mux, *certificate, *key))
}

func (w webhook) mutate(response http.ResponseWriter, request *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(response, request.Body, bodyLimit))
	if err != nil {
		http.Error(response, err.Error(), http.StatusBadRequest)
		return
	}
	review := admissionv1.AdmissionReview{}
	if err := json.Unmarshal(body, &review); err != nil || review.Request == nil {
		http.Error(response, "not an AdmissionReview", http.StatusBadRequest)
		return
	}
	answer, err := w.review(review.Request)
	if err != nil {
		http.Error(response, err.Error(), http.StatusBadRequest)
		return
	}
	review.Request, review.Response = nil, answer
	response.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(response).Encode(review); err != nil {
		log.Print(err)
	}
}

func (w webhook) review(request *admissionv1.AdmissionRequest) (*admissionv1.AdmissionResponse, error) {
	answer := &admissionv1.AdmissionResponse{UID: request.UID, Allowed: true}
	if request.Kind.Kind != "Pod" || request.Operation != admissionv1.Create || request.SubResource != "" {
		return answer, nil
	}
	pod := corev1.Pod{}
	if err := json.Unmarshal(request.Object.Raw, &pod); err != nil {
		return nil, err
	}
	decision := inject.Decide(&pod, w.namespaces.Labels(request.Namespace))
	if decision.Denied {
		answer.Allowed = false
		answer.Result = &metav1.Status{Code: http.StatusUnprocessableEntity, Reason: metav1.StatusReasonInvalid, Message: decision.Reason}
	}
	if !decision.Inject {
		return answer, nil
	}
	operations := inject.Patch(&pod, decision, w.settings)
	if len(operations) == 0 {
		return answer, nil
	}
	patch, err := json.Marshal(operations)
	if err != nil {
		return nil, err
	}
	kind := admissionv1.PatchTypeJSONPatch
	answer.Patch, answer.PatchType = patch, &kind
	return answer, nil
}
