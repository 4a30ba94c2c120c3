package inject

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
)

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
