{{/* Names and labels of the chart's resources. */}}

{{- define "cardea.name" -}}
{{- .Values.nameOverride | default .Chart.Name | trunc 50 | trimSuffix "-" }}
{{- end }}

{{/* Short enough that a suffix and the pod's number still fit into a DNS label. */}}
{{- define "cardea.fullname" -}}
{{- $name := include "cardea.name" . }}
{{- $both := contains $name .Release.Name | ternary .Release.Name (printf "%s-%s" .Release.Name $name) }}
{{- .Values.fullnameOverride | default $both | trunc 50 | trimSuffix "-" }}
{{- end }}

{{/* These labels never change while the release exists, because a StatefulSet's selector cannot change. */}}
{{- define "cardea.selectorLabels" -}}
app.kubernetes.io/name: {{ include "cardea.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "cardea.labels" -}}
{{ include "cardea.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{/* Labels of the pods of `helm test`. The name differs from the gateway's, so that no selector matches them. */}}
{{- define "cardea.testLabels" -}}
app.kubernetes.io/name: {{ include "cardea.name" . }}-test
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: test
{{- end }}

{{/* Labels of the pod of a maintenance command: no Service selects it. */}}
{{- define "cardea.maintenanceLabels" -}}
app.kubernetes.io/name: {{ include "cardea.name" . }}-maintenance
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: maintenance
{{- end }}

{{- define "cardea.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}

{{- define "cardea.accountsSecret" -}}
{{ .Values.accounts.existingSecret | default (printf "%s-accounts" (include "cardea.fullname" .)) }}
{{- end }}

{{- define "cardea.tlsSecret" -}}
{{ .Values.tls.existingSecret | default (printf "%s-tls" (include "cardea.fullname" .)) }}
{{- end }}

{{/* Whether the chart makes the certificate. Empty if not. */}}
{{- define "cardea.makesCertificate" -}}
{{ if and .Values.tls.enabled (not .Values.tls.existingSecret) (not .Values.tls.certManager.enabled) }}yes{{ end }}
{{- end }}

{{/* The Service's name within the cluster. */}}
{{- define "cardea.serviceHost" -}}
{{ include "cardea.fullname" . }}.{{ .Release.Namespace }}.svc
{{- end }}

{{/* The host of the endpoint, without its port. Empty if no endpoint is set. */}}
{{- define "cardea.host" -}}
{{ regexReplaceAll ":[0-9]+$" (trimPrefix "https://" .Values.endpoint) "" }}
{{- end }}

{{/* The hosts that a proxy answers for, as a JSON list. */}}
{{- define "cardea.publicHosts" -}}
{{- $hosts := list (include "cardea.host" .) }}
{{- range .Values.settings.virtual_hosts }}
{{- $hosts = concat $hosts (list . (printf "*.%s" .)) }}
{{- end }}
{{- $hosts | compact | uniq | toJson }}
{{- end }}

{{/* The names in the certificate, as a JSON list. */}}
{{- define "cardea.certificateNames" -}}
{{- $service := include "cardea.serviceHost" . }}
{{- $inside := list (include "cardea.fullname" .) $service (printf "%s.cluster.local" $service) "localhost" }}
{{- concat $inside (include "cardea.publicHosts" . | fromJsonArray) .Values.tls.names | uniq | toJson }}
{{- end }}
