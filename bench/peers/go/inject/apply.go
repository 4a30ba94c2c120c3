package inject

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
)

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
