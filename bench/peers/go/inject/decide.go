// Package inject makes the decision and the changes that Rollcall's webhook makes for a pod that asks
// for the sidecar in the ordinary way, as a Go program would be written that does only this: on the types
// of k8s.io/api. Both Go webhooks of the bench use it.
package inject

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

const (
	name          = "rollcall"
	tokenVolume   = "rollcall-token"
	scopedAccount = "rollcall-watcher"
	mountPath     = "/run/rollcall"
	tokenPath     = "/var/run/secrets/kubernetes.io/serviceaccount"
	port          = 17655
	injectKey     = "rollcall.dev/inject"
	serviceKey    = "rollcall.dev/service"
	statusKey     = "rollcall.dev/status"
	injectionKey  = "rollcall.dev/injection"
	user          = int64(17655)
)

// Settings are what the installation decides.
type Settings struct {
	Image   string
	Version string
}

// Decision says whether a pod gets the sidecar; a pod that is denied or skipped comes with the reason.
type Decision struct {
	Inject  bool
	Denied  bool
	Reason  string
	service string
	scoped  bool
}

// Decide looks at the pod's annotations and the labels of its namespace.
func Decide(pod *corev1.Pod, namespaceLabels map[string]string) Decision {
	word, says := pod.Annotations[injectKey]
	switch {
	case word == "false":
		return Decision{Reason: "opted-out"}
	case !says && namespaceLabels[injectionKey] != "enabled":
		return Decision{Reason: "not-opted-in"}
	case says && word != "true":
		return Decision{Denied: true, Reason: fmt.Sprintf("annotation %s: %q is not valid", injectKey, word)}
	}
	if reason := unsupported(pod); reason != "" {
		return Decision{Denied: says, Reason: reason}
	}
	service := pod.Annotations[serviceKey]
	if service == "" {
		service = pod.Spec.Subdomain
	}
	if service == "" {
		return Decision{Denied: says, Reason: "no-service"}
	}
	return Decision{Inject: true, service: service, scoped: isScoped(pod.Spec.ServiceAccountName)}
}

func isScoped(account string) bool {
	return account == "" || account == "default" || account == scopedAccount
}

// unsupported names what keeps the sidecar out of the pod; empty when nothing does.
func unsupported(pod *corev1.Pod) string {
	if _, mirror := pod.Annotations[corev1.MirrorPodAnnotationKey]; mirror {
		return "mirror-pod"
	}
	if pod.Spec.OS != nil && pod.Spec.OS.Name == corev1.Windows || pod.Spec.NodeSelector["kubernetes.io/os"] == "windows" {
		return "windows"
	}
	for _, container := range pod.Spec.Containers {
		if container.Name == name {
			return "name-taken"
		}
		for _, mount := range container.VolumeMounts {
			place := strings.TrimRight(mount.MountPath, "/")
			if mount.Name == tokenVolume || (place == mountPath && mount.Name != name) || strings.HasPrefix(place, mountPath+"/") {
				return "mount-path-taken"
			}
		}
	}
	for _, container := range pod.Spec.InitContainers {
		if container.Name == name && !isOurs(&container) {
			return "name-taken"
		}
	}
	for _, volume := range pod.Spec.Volumes {
		if (volume.Name == name && volume.EmptyDir == nil) || (volume.Name == tokenVolume && volume.Projected == nil) {
			return "name-taken"
		}
	}
	return ""
}

func isOurs(container *corev1.Container) bool {
	return container.Name == name && len(container.Args) > 0 && container.Args[0] == "sidecar"
}
