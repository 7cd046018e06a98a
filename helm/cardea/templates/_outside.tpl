{{/* The store and the database: their credentials, and the ports they are reached at. */}}

{{/* s3, az or gs; empty where blobs are on the volume. */}}
{{- define "cardea.storeScheme" -}}
{{ with .Values.store.url }}{{ splitList "://" . | first }}{{ end }}
{{- end }}

{{/*
The keys that a Secret with a store's credentials may have, as docs/stores.md names them, and those that it must: JSON, by the
URL's scheme.
*/}}
{{- define "cardea.storeSecrets" -}}
{
  "s3": {"must": ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"], "may": ["AWS_SESSION_TOKEN"]},
  "az": {"must": [], "may": [
    "AZURE_STORAGE_ACCOUNT_NAME", "AZURE_STORAGE_ACCOUNT_KEY", "AZURE_STORAGE_SAS_TOKEN", "AZURE_CLIENT_ID",
    "AZURE_CLIENT_SECRET", "AZURE_TENANT_ID"
  ]},
  "gs": {"must": ["GOOGLE_SERVICE_ACCOUNT_KEY"], "may": []}
}
{{- end }}

{{/* The variables that may stand in the values, as they are not secret: a JSON list. */}}
{{- define "cardea.storeVariables" -}}
[
  "AWS_DISABLE_BULK_DELETE", "AWS_ENDPOINT_URL_STS", "AWS_ROLE_ARN", "AWS_ROLE_SESSION_NAME", "AWS_SERVER_SIDE_ENCRYPTION",
  "AWS_SSE_BUCKET_KEY_ENABLED", "AWS_SSE_KMS_KEY_ID",
  "AZURE_CLIENT_ID", "AZURE_CREDENTIAL_TYPE", "AZURE_MSI_RESOURCE_ID", "AZURE_OBJECT_ID", "AZURE_STORAGE_ACCOUNT_NAME",
  "AZURE_STORAGE_USE_EMULATOR", "AZURE_TENANT_ID", "AZURITE_BLOB_STORAGE_URL"
]
{{- end }}

{{/* The container's variables besides the settings: each one by its name, so that a Secret cannot set others. */}}
{{- define "cardea.environment" -}}
{{- range $name, $value := .Values.store.environment }}
- name: {{ $name }}
  value: {{ $value | quote }}
{{- end }}
{{- with .Values.store.existingSecret }}
{{- $known := get (include "cardea.storeSecrets" $ | fromJson) (include "cardea.storeScheme" $) }}
{{- range $known.must }}
{{- include "cardea.secretVariable" (list . $.Values.store.existingSecret .) }}
{{- end }}
{{- range $known.may }}
{{- if not (hasKey $.Values.store.environment .) }}
{{- include "cardea.secretVariable" (list . $.Values.store.existingSecret .) }}
      optional: true
{{- end }}
{{- end }}
{{- end }}
{{- if .Values.database.url }}
{{- include "cardea.secretVariable" (list "PGPASSWORD" .Values.database.existingSecret .Values.database.passwordKey) }}
{{- end }}
{{- end }}

{{/* A variable from a Secret: its name, the Secret, the key. */}}
{{- define "cardea.secretVariable" }}
- name: {{ index . 0 }}
  valueFrom:
    secretKeyRef:
      name: {{ index . 1 }}
      key: {{ index . 2 }}
{{- end }}

{{/* The port of a URL, or what stands for it. */}}
{{- define "cardea.portOf" -}}
{{ regexFind ":[0-9]+$" (index . 0) | trimPrefix ":" | default (index . 1) }}
{{- end }}

{{/* The database's ports: several hosts may stand between commas. */}}
{{- define "cardea.databasePorts" -}}
{{- $ports := list }}
{{- $hosts := regexReplaceAll "^postgres://([^@/]*@)?([^/?]*).*$" .Values.database.url "${2}" }}
{{- range splitList "," $hosts }}
{{- $ports = append $ports (include "cardea.portOf" (list . "5432") | int) }}
{{- end }}
{{- $ports | uniq | toJson }}
{{- end }}

{{/* The store's ports, and the one where clouds give out credentials where no Secret has them. */}}
{{- define "cardea.storePorts" -}}
{{- $port := include "cardea.portOf" (list .Values.store.endpoint (hasPrefix "http://" .Values.store.endpoint | ternary "80" "443")) }}
{{- $ports := list (int $port) }}
{{- if not .Values.store.existingSecret }}{{ $ports = append $ports 443 }}{{ end }}
{{- $ports | uniq | toJson }}
{{- end }}

{{/* Where a cloud tells a pod who it is, on the node itself: a JSON list of address ranges and ports. */}}
{{- define "cardea.identityServices" -}}
{
  "s3": {"ports": [80], "ranges": ["169.254.169.254/32", "169.254.170.2/32", "169.254.170.23/32", "fd00:ec2::254/128", "fd00:ec2::23/128"]},
  "az": {"ports": [80], "ranges": ["169.254.169.254/32"]},
  "gs": {"ports": [80, 988], "ranges": ["169.254.169.252/32", "169.254.169.254/32"]}
}
{{- end }}
