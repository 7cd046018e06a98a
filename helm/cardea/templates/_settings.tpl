{{/*
The gateway's settings, as the variables of its environment. Its one configuration file is the Secret with the accounts.
*/}}
{{- define "cardea.settings" -}}
{{- $address := .Values.listenAddress }}
CARDEA_CONFIG: /etc/cardea/accounts/accounts.toml
CARDEA_DATA: /var/lib/cardea
CARDEA_LISTEN: {{ ternary (printf "%s:8443" $address) "off" .Values.tls.enabled | quote }}
CARDEA_PLAIN_LISTEN: {{ ternary (printf "%s:8080" $address) "off" (not (empty .Values.trustedProxies)) | quote }}
CARDEA_MANAGEMENT_LISTEN: {{ printf "%s:8444" $address | quote }}
CARDEA_DRAIN_TIMEOUT: {{ printf "%ds" (int .Values.shutdown.drainSeconds) | quote }}
{{- with .Values.endpoint }}
CARDEA_ENDPOINT: {{ . | quote }}
{{- end }}
{{- if .Values.tls.enabled }}
CARDEA_TLS_CERTIFICATE: /etc/cardea/tls/tls.crt
CARDEA_TLS_KEY: /etc/cardea/tls/tls.key
{{- end }}
{{- if .Values.keyring.existingSecret }}
CARDEA_KEYRING: /etc/cardea/keyring/keyring.toml
{{- end }}
{{- with .Values.store }}
{{- with .url }}
CARDEA_STORE: {{ . | quote }}
CARDEA_STORE_PATH_STYLE: {{ $.Values.store.pathStyle | quote }}
{{- end }}
{{- with .endpoint }}
CARDEA_STORE_ENDPOINT: {{ . | quote }}
{{- end }}
{{- with .region }}
CARDEA_STORE_REGION: {{ . | quote }}
{{- end }}
{{- if .ca.existingSecret }}
CARDEA_STORE_CA: /etc/cardea/store-ca/ca.crt
{{- end }}
{{- end }}
{{- with .Values.database.url }}
CARDEA_INDEX: {{ . | quote }}
{{- end }}
{{- if .Values.database.ca.existingSecret }}
CARDEA_INDEX_CA: /etc/cardea/database-ca/ca.crt
{{- end }}
{{- with .Values.trustedProxies }}
CARDEA_TRUSTED_PROXIES: {{ join "," . | quote }}
{{- end }}
{{- range $name, $value := .Values.settings }}
{{- if kindIs "slice" $value }}{{ $value = join "," $value }}{{ end }}
{{- if kindIs "float64" $value }}{{ $value = int64 $value }}{{ end }}
CARDEA_{{ upper $name }}: {{ $value | toString | quote }}
{{- end }}
{{- end }}
