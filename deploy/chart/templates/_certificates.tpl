{{/* Whether the chart has cert-manager issue: not where a Certificate or a Secret of the user is named. */}}
{{- define "rollcall.issues" -}}
{{- with .Values.certificates -}}
{{- if and (or (eq .source "certManager") (and (eq .source "selfManaged") .certManager.prepare)) (not .secretName) -}}
true
{{- end -}}
{{- end -}}
{{- end }}

{{/* The Secret that is mounted. */}}
{{- define "rollcall.tlsSecret" -}}
{{- $certificates := .Values.certificates -}}
{{- if and (eq $certificates.source "files") (not $certificates.secretName) -}}
{{- fail "certificates.secretName: it is empty; with the source files, name the Secret that has tls.crt and tls.key" -}}
{{- end -}}
{{- if and $certificates.certManager.certificate (not $certificates.secretName) -}}
{{- fail "certificates.secretName: it is empty; name the Secret of certificates.certManager.certificate" -}}
{{- end -}}
{{- if and $certificates.caBundle (ne $certificates.source "files") -}}
{{- fail "certificates.caBundle: it counts with the source files only; leave it out" -}}
{{- end -}}
{{- if include "rollcall.issues" . -}}
rollcall-cert
{{- else -}}
{{ $certificates.secretName }}
{{- end -}}
{{- end }}
