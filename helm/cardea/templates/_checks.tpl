{{/* What would render but not be safe, or not be served: one message each. */}}
{{- define "cardea.checks" -}}

{{- if gt (int .Values.replicas) 1 }}
{{- fail (printf "replicas: found %d, expected 1 or 0: the embedded SQLite index serves one pod" (int .Values.replicas)) }}
{{- end }}

{{- if not (or .Values.tls.enabled .Values.trustedProxies) }}
{{- fail "tls.enabled: found false, expected true, or trustedProxies that end TLS: a customer's key (SSE-C) must not cross the network in the clear" }}
{{- end }}
{{- range .Values.trustedProxies }}
{{- if hasSuffix "/0" . }}
{{- fail (printf "trustedProxies: found %q, expected the proxies' own ranges: with this one, everybody's word is taken for TLS" .) }}
{{- end }}
{{- end }}
{{- if and .Values.tls.existingSecret .Values.tls.certManager.enabled }}
{{- fail "tls: found existingSecret and certManager, expected one of them" }}
{{- end }}
{{- if and .Values.tls.certManager.enabled (not .Values.tls.certManager.issuer.name) }}
{{- fail "tls.certManager.issuer.name: found nothing, expected an issuer's name" }}
{{- end }}

{{- if not (or .Values.accounts.existingSecret .Values.accounts.generate) }}
{{- fail "accounts: found neither existingSecret nor generate, expected one of them: there is no default account and no empty password" }}
{{- end }}
{{- include "cardea.checkAccounts" . }}

{{- $fronts := or .Values.ingress.enabled .Values.httpRoute.enabled (not .Values.tls.enabled) }}
{{- if and $fronts (not .Values.endpoint) }}
{{- fail "endpoint: found nothing, expected the https URL that clients use, as a proxy stands in front" }}
{{- end }}
{{- if and .Values.httpRoute.enabled (not .Values.trustedProxies) }}
{{- fail "trustedProxies: found none, expected the address ranges of the Gateway's pods, as an HTTPRoute arrives over plain HTTP" }}
{{- end }}
{{- if and .Values.httpRoute.enabled (not .Values.httpRoute.parentRefs) }}
{{- fail "httpRoute.parentRefs: found none, expected a Gateway" }}
{{- end }}
{{- if and .Values.serviceMonitor.enabled .Values.networkPolicy.enabled (not .Values.networkPolicy.management) }}
{{- fail "networkPolicy.management: found none, expected Prometheus, as serviceMonitor is enabled" }}
{{- end }}
{{- end }}

{{/* A Secret that stands must hold accounts, and none with a password that everybody knows. */}}
{{- define "cardea.checkAccounts" -}}
{{- with .Values.accounts.existingSecret }}
{{- $secret := lookup "v1" "Secret" $.Release.Namespace . }}
{{- if $secret }}
{{- $file := get ($secret.data | default dict) "accounts.toml" | b64dec }}
{{- if not (contains "[[accounts.users]]" $file) }}
{{- fail (printf "accounts.existingSecret: found no user in %s, expected the key accounts.toml with one at least" .) }}
{{- end }}
{{- if regexMatch `(?i)\b(password|secret)\s*=\s*["'](admin|cardea|change-?me|password|root|secret|testing|\.\.\.|…|)["']` $file }}
{{- fail (printf "accounts.existingSecret: found a default or empty password in %s, expected random ones" .) }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
