// Package inject makes the decision and the changes that Rollcall's webhook makes for a pod that asks
// for the sidecar in the ordinary way, as a Go program would be written that does only this: on the types
// of k8s.io/api. Both Go webhooks of the bench use it.
package inject

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/intstr"
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

// Operation is one of a JSON patch.
type Operation struct {
	Op    string `json:"op"`
	Path  string `json:"path"`
	Value any    `json:"value,omitempty"`
}

// Patch gives the operations that make the decision true of the pod; none when it is true already.
func Patch(pod *corev1.Pod, decision Decision, settings Settings) []Operation {
	operations := annotations(pod, decision, settings)
	unused := map[string]bool{}
	if decision.scoped {
		operations = append(operations, account(&pod.Spec)...)
		unused = unusedTokens(&pod.Spec)
	}
	operations = append(operations, volumes(&pod.Spec, unused)...)
	for index, container := range pod.Spec.Containers {
		operations = append(operations, mounts(container.VolumeMounts, fmt.Sprintf("/spec/containers/%d/volumeMounts", index), unused, true)...)
	}
	for index, container := range pod.Spec.InitContainers {
		if container.Name != name {
			operations = append(operations, mounts(container.VolumeMounts, fmt.Sprintf("/spec/initContainers/%d/volumeMounts", index), unused, false)...)
		}
	}
	return append(operations, sidecar(pod, decision, settings)...)
}

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

func annotations(pod *corev1.Pod, decision Decision, settings Settings) []Operation {
	text := statusText(pod, decision, settings)
	switch {
	case pod.Annotations == nil:
		return []Operation{{"add", "/metadata/annotations", map[string]string{statusKey: text}}}
	case pod.Annotations[statusKey] == text:
		return nil
	}
	return []Operation{{"add", "/metadata/annotations/rollcall.dev~1status", text}}
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

func account(spec *corev1.PodSpec) []Operation {
	var operations []Operation
	if spec.ServiceAccountName != scopedAccount {
		operations = append(operations, Operation{"add", "/spec/serviceAccountName", scopedAccount})
	}
	if spec.DeprecatedServiceAccount != scopedAccount {
		operations = append(operations, Operation{"add", "/spec/serviceAccount", scopedAccount})
	}
	if spec.AutomountServiceAccountToken == nil || *spec.AutomountServiceAccountToken {
		operations = append(operations, Operation{"add", "/spec/automountServiceAccountToken", false})
	}
	return operations
}

// unusedTokens are the token volumes of the old account that nothing mounts in another place.
func unusedTokens(spec *corev1.PodSpec) map[string]bool {
	unused := map[string]bool{}
	for _, volume := range spec.Volumes {
		if strings.HasPrefix(volume.Name, "kube-api-access-") {
			unused[volume.Name] = true
		}
	}
	for _, list := range [][]corev1.Container{spec.Containers, spec.InitContainers} {
		for _, container := range list {
			for _, mount := range container.VolumeMounts {
				if unused[mount.Name] && mount.MountPath != tokenPath {
					delete(unused, mount.Name)
				}
			}
		}
	}
	return unused
}

func volumes(spec *corev1.PodSpec, unused map[string]bool) []Operation {
	var operations []Operation
	for index := len(spec.Volumes) - 1; index >= 0; index-- {
		if unused[spec.Volumes[index].Name] {
			operations = append(operations, Operation{Op: "remove", Path: fmt.Sprintf("/spec/volumes/%d", index)})
		}
	}
	var missing []corev1.Volume
	for _, volume := range ourVolumes() {
		if !slices.ContainsFunc(spec.Volumes, func(v corev1.Volume) bool { return v.Name == volume.Name }) {
			missing = append(missing, volume)
		}
	}
	if len(spec.Volumes) == 0 && len(missing) > 0 {
		return []Operation{{"add", "/spec/volumes", missing}}
	}
	for _, volume := range missing {
		operations = append(operations, Operation{"add", "/spec/volumes/-", volume})
	}
	return operations
}

func ourVolumes() []corev1.Volume {
	size := resource.MustParse("16Mi")
	mode, seconds := int32(0o444), int64(3600)
	return []corev1.Volume{
		{Name: name, VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{Medium: corev1.StorageMediumMemory, SizeLimit: &size}}},
		{Name: tokenVolume, VolumeSource: corev1.VolumeSource{Projected: &corev1.ProjectedVolumeSource{
			DefaultMode: &mode,
			Sources: []corev1.VolumeProjection{
				{ServiceAccountToken: &corev1.ServiceAccountTokenProjection{Path: "token", ExpirationSeconds: &seconds}},
				{ConfigMap: &corev1.ConfigMapProjection{
					LocalObjectReference: corev1.LocalObjectReference{Name: "kube-root-ca.crt"},
					Items:                []corev1.KeyToPath{{Key: "ca.crt", Path: "ca.crt"}},
				}},
			},
		}}},
	}
}

// mounts removes those of unused tokens and adds ours, to main containers only.
func mounts(existing []corev1.VolumeMount, path string, unused map[string]bool, ours bool) []Operation {
	var operations []Operation
	has := false
	for index := len(existing) - 1; index >= 0; index-- {
		mount := existing[index]
		has = has || mount.MountPath == mountPath
		if unused[mount.Name] && mount.MountPath == tokenPath {
			operations = append(operations, Operation{Op: "remove", Path: fmt.Sprintf("%s/%d", path, index)})
		}
	}
	if !ours || has {
		return operations
	}
	mount := corev1.VolumeMount{Name: name, MountPath: mountPath, ReadOnly: true}
	if len(existing) == 0 {
		return []Operation{{"add", path, []corev1.VolumeMount{mount}}}
	}
	return append(operations, Operation{"add", path + "/-", mount})
}

func sidecar(pod *corev1.Pod, decision Decision, settings Settings) []Operation {
	planned := container(pod, decision, settings)
	existing := pod.Spec.InitContainers
	if len(existing) == 0 {
		return []Operation{{"add", "/spec/initContainers", []corev1.Container{planned}}}
	}
	index := slices.IndexFunc(existing, func(c corev1.Container) bool { return c.Name == name })
	if index == -1 {
		return []Operation{{"add", "/spec/initContainers/0", planned}}
	}
	// What the API server fills in is not a difference.
	if equality.Semantic.DeepDerivative(planned, existing[index]) {
		return nil
	}
	return []Operation{{"replace", fmt.Sprintf("/spec/initContainers/%d", index), planned}}
}

func container(pod *corev1.Pod, decision Decision, settings Settings) corev1.Container {
	always := corev1.ContainerRestartPolicyAlways
	yes, no, account := true, false, user
	return corev1.Container{
		Name: name, Image: settings.Image, ImagePullPolicy: corev1.PullIfNotPresent,
		Args: []string{"sidecar"}, RestartPolicy: &always,
		Env: environment(pod, decision),
		Resources: corev1.ResourceRequirements{
			Requests: corev1.ResourceList{"cpu": resource.MustParse("10m"), "memory": resource.MustParse("48Mi")},
			Limits:   corev1.ResourceList{"cpu": resource.MustParse("500m"), "memory": resource.MustParse("128Mi")},
		},
		VolumeMounts: []corev1.VolumeMount{
			{Name: name, MountPath: mountPath},
			{Name: tokenVolume, MountPath: tokenPath, ReadOnly: true},
		},
		StartupProbe:             probe("/startz", 30, 1, 60),
		LivenessProbe:            probe("/healthz", 0, 10, 3),
		TerminationMessagePolicy: corev1.TerminationMessageFallbackToLogsOnError,
		SecurityContext: &corev1.SecurityContext{
			AllowPrivilegeEscalation: &no, ReadOnlyRootFilesystem: &yes, RunAsNonRoot: &yes,
			RunAsUser: &account, RunAsGroup: &account,
			Capabilities:   &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}},
			SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault},
		},
	}
}

func environment(pod *corev1.Pod, decision Decision) []corev1.EnvVar {
	env := []corev1.EnvVar{
		{Name: "ROLLCALL_NAMESPACE", ValueFrom: field("metadata.namespace")},
		{Name: "ROLLCALL_SERVICE", Value: decision.service},
	}
	if seconds := pod.Spec.TerminationGracePeriodSeconds; seconds != nil && *seconds != 30 {
		env = append(env, corev1.EnvVar{Name: "ROLLCALL_GRACE_SECONDS", Value: fmt.Sprint(max(0, *seconds-5))})
	}
	return append(env,
		corev1.EnvVar{Name: "ROLLCALL_POD_NAME", ValueFrom: field("metadata.name")},
		corev1.EnvVar{Name: "ROLLCALL_POD_UID", ValueFrom: field("metadata.uid")},
		corev1.EnvVar{Name: "NODE_OPTIONS", Value: "--max-semi-space-size=1"},
		corev1.EnvVar{Name: "MALLOC_ARENA_MAX", Value: "1"},
	)
}

func field(path string) *corev1.EnvVarSource {
	return &corev1.EnvVarSource{FieldRef: &corev1.ObjectFieldSelector{APIVersion: "v1", FieldPath: path}}
}

func probe(path string, timeout, period, failures int32) *corev1.Probe {
	return &corev1.Probe{
		ProbeHandler:     corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{Path: path, Port: intstr.FromInt32(port)}},
		TimeoutSeconds:   timeout,
		PeriodSeconds:    period,
		FailureThreshold: failures,
	}
}

// Apply makes the changes in the pod itself, for a webhook whose framework makes the patch.
func Apply(pod *corev1.Pod, decision Decision, settings Settings) {
	if pod.Annotations == nil {
		pod.Annotations = map[string]string{}
	}
	pod.Annotations[statusKey] = statusText(pod, decision, settings)
	planned := container(pod, decision, settings)
	spec := &pod.Spec
	unused := map[string]bool{}
	if decision.scoped {
		unused = unusedTokens(spec)
		no := false
		spec.ServiceAccountName, spec.DeprecatedServiceAccount, spec.AutomountServiceAccountToken = scopedAccount, scopedAccount, &no
	}
	spec.Volumes = slices.DeleteFunc(spec.Volumes, func(v corev1.Volume) bool { return unused[v.Name] })
	for _, volume := range ourVolumes() {
		if !slices.ContainsFunc(spec.Volumes, func(v corev1.Volume) bool { return v.Name == volume.Name }) {
			spec.Volumes = append(spec.Volumes, volume)
		}
	}
	for index := range spec.Containers {
		applyMounts(&spec.Containers[index], unused, true)
	}
	for index := range spec.InitContainers {
		if spec.InitContainers[index].Name != name {
			applyMounts(&spec.InitContainers[index], unused, false)
		}
	}
	index := slices.IndexFunc(spec.InitContainers, func(c corev1.Container) bool { return c.Name == name })
	if index == -1 {
		spec.InitContainers = slices.Insert(spec.InitContainers, 0, planned)
	} else if !equality.Semantic.DeepDerivative(planned, spec.InitContainers[index]) {
		spec.InitContainers[index] = planned
	}
}

func applyMounts(container *corev1.Container, unused map[string]bool, ours bool) {
	container.VolumeMounts = slices.DeleteFunc(container.VolumeMounts, func(m corev1.VolumeMount) bool {
		return unused[m.Name] && m.MountPath == tokenPath
	})
	has := slices.ContainsFunc(container.VolumeMounts, func(m corev1.VolumeMount) bool { return m.MountPath == mountPath })
	if ours && !has {
		container.VolumeMounts = append(container.VolumeMounts, corev1.VolumeMount{Name: name, MountPath: mountPath, ReadOnly: true})
	}
}
