package inject

import (
	"encoding/json"
	"slices"

	corev1 "k8s.io/api/core/v1"
)

type was struct {
	ServiceAccountName           string `json:"serviceAccountName,omitempty"`
	ServiceAccount               string `json:"serviceAccount,omitempty"`
	AutomountServiceAccountToken *bool  `json:"automountServiceAccountToken,omitempty"`
}

type status struct {
	Version string `json:"version"`
	Service string `json:"service"`
	Account string `json:"account"`
	Was     *was   `json:"was,omitempty"`
}

// statusText keeps what was noted when the pod was first seen.
func statusText(pod *corev1.Pod, decision Decision, settings Settings) string {
	said := status{Version: settings.Version, Service: decision.service, Account: "kept"}
	if decision.scoped {
		said.Account = "scoped"
		said.Was = &was{pod.Spec.ServiceAccountName, pod.Spec.DeprecatedServiceAccount, pod.Spec.AutomountServiceAccountToken}
	}
	if slices.ContainsFunc(pod.Spec.InitContainers, func(c corev1.Container) bool { return isOurs(&c) }) {
		before := status{}
		if err := json.Unmarshal([]byte(pod.Annotations[statusKey]), &before); err == nil && before.Version != "" {
			said.Was = before.Was
		}
	}
	text, _ := json.Marshal(said)
	return string(text)
}
