{{/* The store and the database: their credentials and their ports. */}}

{{/* s3, az or gs. Empty if blobs are on the volume. */}}
{{- define "cardea.storeScheme" -}}
{{ with .Values.store.url }}{{ splitList "://" . | first }}{{ end }}
{{- end }}

{{/*
The keys that a Secret with a store's credentials must have, and the keys that it may have: JSON, by the URL's scheme. The names
are those of docs/stores.md.
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

{{/* The variables that are not secret, so that values may have them: a JSON list. */}}
{{- define "cardea.storeVariables" -}}
[
  "AWS_DISABLE_BULK_DELETE", "AWS_ENDPOINT_URL_STS", "AWS_ROLE_ARN", "AWS_ROLE_SESSION_NAME", "AWS_SERVER_SIDE_ENCRYPTION",
  "AWS_SSE_BUCKET_KEY_ENABLED", "AWS_SSE_KMS_KEY_ID",
  "AZURE_CLIENT_ID", "AZURE_CREDENTIAL_TYPE", "AZURE_MSI_RESOURCE_ID", "AZURE_OBJECT_ID", "AZURE_STORAGE_ACCOUNT_NAME",
  "AZURE_STORAGE_USE_EMULATOR", "AZURE_TENANT_ID", "AZURITE_BLOB_STORAGE_URL"
]
{{- end }}

{{/* The container's variables besides the settings. Each is named here, so that a Secret cannot set other variables. */}}
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

{{/* The port of a URL, or the default that is given. */}}
{{- define "cardea.portOf" -}}
{{ regexFind ":[0-9]+$" (index . 0) | trimPrefix ":" | default (index . 1) }}
{{- end }}

{{/* The database's ports: the URL may have several hosts, separated by commas. */}}
{{- define "cardea.databasePorts" -}}
{{- $ports := list }}
{{- $hosts := regexReplaceAll "^postgres://([^@/]*@)?([^/?]*).*$" .Values.database.url "${2}" }}
{{- range splitList "," $hosts }}
{{- $ports = append $ports (include "cardea.portOf" (list . "5432") | int) }}
{{- end }}
{{- $ports | uniq | toJson }}
{{- end }}

{{/* The store's ports. If no Secret has the credentials, also the port of the service that gives them out. */}}
{{- define "cardea.storePorts" -}}
{{- $port := include "cardea.portOf" (list .Values.store.endpoint (hasPrefix "http://" .Values.store.endpoint | ternary "80" "443")) }}
{{- $ports := list (int $port) }}
{{- if not .Values.store.existingSecret }}{{ $ports = append $ports 443 }}{{ end }}
{{- $ports | uniq | toJson }}
{{- end }}

{{/* The cloud's identity service on the node itself: JSON, address ranges and ports by the URL's scheme. */}}
{{- define "cardea.identityServices" -}}
{
  "s3": {"ports": [80], "ranges": ["169.254.169.254/32", "169.254.170.2/32", "169.254.170.23/32", "fd00:ec2::254/128", "fd00:ec2::23/128"]},
  "az": {"ports": [80], "ranges": ["169.254.169.254/32"]},
  "gs": {"ports": [80, 988], "ranges": ["169.254.169.252/32", "169.254.169.254/32"]}
}
{{- end }}
