{{/* The root account that the chart makes. */}}

{{- define "cardea.rootAccount" -}}
[[accounts]]
name = "root"

[[accounts.users]]
name = "root"
password = "{{ .password }}"
tempauth = "root:root"
access_keys = [{ access = "{{ .access }}", secret = "{{ .secret }}" }]
{{ end }}

{{/*
The data of the account's Secret: the existing one of the cluster, otherwise random. It is made once in a rendering, because the
pod's checksum needs the same data.
*/}}
{{- define "cardea.madeAccounts" -}}
{{- if not (hasKey .Values.accounts "made") }}
{{- $known := (lookup "v1" "Secret" .Release.Namespace (include "cardea.accountsSecret" .)).data }}
{{- $_ := set .Values.accounts "made" ($known | default (include "cardea.chanceAccounts" . | fromYaml) | toYaml) }}
{{- end }}
{{- .Values.accounts.made }}
{{- end }}

{{- define "cardea.chanceAccounts" -}}
{{- $password := randAlphaNum 32 }}
{{- $access := printf "ROOT%s" (randAlphaNum 16 | upper) }}
{{- $secret := randAlphaNum 40 }}
username: {{ b64enc "root" }}
password: {{ b64enc $password }}
access-key: {{ b64enc $access }}
secret-key: {{ b64enc $secret }}
accounts.toml: {{ include "cardea.rootAccount" (dict "password" $password "access" $access "secret" $secret) | b64enc }}
{{- end }}
