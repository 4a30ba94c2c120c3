{{/* Requests and limits as measured; deploy/webhook.yaml has the arithmetic beside them. */}}
{{- define "rollcall.resources" -}}
{{- if .Values.resources -}}
{{ toYaml .Values.resources }}
{{- else if has .Values.platform (list "autopilot" "fargate") -}}
{{- /* There a pod gets what it requests and no more. A quarter of a core is the least that Fargate has. */ -}}
requests:
  cpu: 250m
  memory: 384Mi
limits:
  cpu: 250m
  memory: 384Mi
{{- else -}}
requests:
  cpu: 50m
  memory: 128Mi
limits:
  memory: 384Mi
{{- end -}}
{{- end }}

{{/* The pods of one generation of a roll-out. */}}
{{- define "rollcall.ofGeneration" -}}
labelSelector:
  matchLabels:
    app.kubernetes.io/name: rollcall
matchLabelKeys: [pod-template-hash]
{{- end }}

{{/*
The spread of the replicas over nodes and zones. The scheduler scores only nodes that have the keys of all constraints, so
with one by zone both would do nothing on nodes without a zone. Where a replica may be scheduled anyway, zones are
therefore an affinity, below.
*/}}
{{- define "rollcall.topologySpread" -}}
- topologyKey: kubernetes.io/hostname
  maxSkew: 1
  whenUnsatisfiable: {{ .Values.topologySpread.nodes }}
  {{- include "rollcall.ofGeneration" . | nindent 2 }}
{{- if eq .Values.topologySpread.zones "DoNotSchedule" }}
- topologyKey: topology.kubernetes.io/zone
  maxSkew: 1
  whenUnsatisfiable: DoNotSchedule
  {{- include "rollcall.ofGeneration" . | nindent 2 }}
{{- end }}
{{- end }}

{{/* The affinity by zone. One that the values give takes its place, since merged ones would both count. */}}
{{- define "rollcall.zoneAffinity" -}}
{{- if and (eq .Values.topologySpread.zones "ScheduleAnyway") (not (hasKey .Values.affinity "podAntiAffinity")) }}
podAntiAffinity:
  preferredDuringSchedulingIgnoredDuringExecution:
    - weight: 100
      podAffinityTerm:
        topologyKey: topology.kubernetes.io/zone
        {{- include "rollcall.ofGeneration" . | nindent 8 }}
{{- end }}
{{- end }}
