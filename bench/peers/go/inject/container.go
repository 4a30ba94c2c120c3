package inject

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/intstr"
)

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
		corev1.EnvVar{Name: "ROLLCALL_NODE_NAME", ValueFrom: field("spec.nodeName")},
		corev1.EnvVar{Name: "ROLLCALL_ZONE", ValueFrom: field("metadata.labels['topology.kubernetes.io/zone']")},
		corev1.EnvVar{Name: "NODE_OPTIONS", Value: "--max-semi-space-size=1"},
		corev1.EnvVar{Name: "GLIBC_TUNABLES", Value: "glibc.malloc.arena_max=1:glibc.malloc.mmap_threshold=32768:glibc.malloc.trim_threshold=1048576:glibc.malloc.top_pad=16384"},
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
