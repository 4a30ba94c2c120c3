{{/* The image of webhook and sidecars: by its digest where one is given, else by its tag. */}}
{{- define "rollcall.image" -}}
{{- with .Values.image -}}
{{- if .digest -}}
{{ .repository }}@{{ .digest }}
{{- else -}}
{{ .repository }}:{{ .tag | default $.Chart.AppVersion }}
{{- end -}}
{{- end -}}
{{- end }}

{{/* What every object has. */}}
{{- define "rollcall.labels" -}}
app.kubernetes.io/part-of: rollcall
{{- end }}
