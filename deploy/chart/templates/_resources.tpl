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

{{/* A replica for each node and zone; of a roll-out each generation is spread by itself. */}}
{{- define "rollcall.topologySpread" -}}
{{- range $key, $unsatisfiable := dict "kubernetes.io/hostname" .Values.topologySpread.nodes "topology.kubernetes.io/zone" .Values.topologySpread.zones }}
- topologyKey: {{ $key }}
  maxSkew: 1
  whenUnsatisfiable: {{ $unsatisfiable }}
  labelSelector:
    matchLabels:
      app.kubernetes.io/name: rollcall
  matchLabelKeys: [pod-template-hash]
{{- end }}
{{- end }}
