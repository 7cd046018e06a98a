{{/* Refuses values that would render, but would be unsafe or would not work: one message each. */}}
{{- define "cardea.checks" -}}

{{- include "cardea.checkReplicas" . }}
{{- include "cardea.checkStore" . }}
{{- include "cardea.checkDatabase" . }}

{{- if not (or .Values.tls.enabled .Values.trustedProxies) }}
{{- fail "tls.enabled: found false, expected true, or trustedProxies that end TLS: a customer's key (SSE-C) must not cross the network in the clear" }}
{{- end }}
{{- range .Values.trustedProxies }}
{{- if not (regexMatch `(?i)^([0-9.]+/(8|9|[12][0-9]|3[0-2])|[0-9a-f:.]*:[0-9a-f:.]*/(1[6-9]|[2-9][0-9]|1[01][0-9]|12[0-8])|f[cd][0-9a-f]{2}:[0-9a-f:]*/([7-9]|1[0-5]))$` .) }}
{{- fail (printf "trustedProxies: found %q, expected the proxies' own ranges: with this one, every client could claim to use TLS" .) }}
{{- end }}
{{- end }}
{{- if and .Values.tls.existingSecret .Values.tls.certManager.enabled }}
{{- fail "tls: found existingSecret and certManager, expected one of them" }}
{{- end }}
{{- if and .Values.tls.certManager.enabled (not .Values.tls.certManager.issuer.name) }}
{{- fail "tls.certManager.issuer.name: found nothing, expected an issuer's name" }}
{{- end }}

{{- $ours := include "cardea.labels" . | fromYaml }}
{{- range $name, $value := .Values.podLabels }}
{{- if or (hasKey $ours $name) (eq $name "azure.workload.identity/use") }}
{{- fail (printf "podLabels: found %s, expected labels that the chart does not set itself" $name) }}
{{- end }}
{{- end }}
{{- range $name, $value := .Values.podAnnotations }}
{{- if hasPrefix "checksum/" $name }}
{{- fail (printf "podAnnotations: found %s, expected annotations that the chart does not set itself" $name) }}
{{- end }}
{{- end }}

{{- if not (or .Values.accounts.existingSecret .Values.accounts.generate) }}
{{- fail "accounts: found neither existingSecret nor generate, expected one of them: there is no default account and no empty password" }}
{{- end }}
{{- include "cardea.checkAccounts" . }}

{{- $fronts := or .Values.ingress.enabled .Values.httpRoute.enabled (not .Values.tls.enabled) }}
{{- if and $fronts (not .Values.endpoint) }}
{{- fail "endpoint: found nothing, expected the https URL that clients use, because there is a proxy in front" }}
{{- end }}
{{- if and .Values.httpRoute.enabled (not .Values.trustedProxies) }}
{{- fail "trustedProxies: found none, expected the address ranges of the Gateway's pods, because an HTTPRoute arrives over plain HTTP" }}
{{- end }}
{{- if and .Values.httpRoute.enabled (not .Values.httpRoute.parentRefs) }}
{{- fail "httpRoute.parentRefs: found none, expected a Gateway" }}
{{- end }}
{{- if and .Values.serviceMonitor.enabled .Values.networkPolicy.enabled (not .Values.networkPolicy.management) }}
{{- fail "networkPolicy.management: found none, expected Prometheus, because serviceMonitor is enabled" }}
{{- end }}
{{- end }}

{{/* Several pods need an index and a store that all of them reach, and the same configuration. */}}
{{- define "cardea.checkReplicas" -}}
{{- $asked := printf "replicas: found %d, expected 1 or 0" (int .Values.replicas) }}
{{- if .Values.autoscaling.enabled }}
{{- $asked = "autoscaling.enabled: found true, expected false" }}
{{- end }}
{{- if or .Values.autoscaling.enabled (gt (int .Values.replicas) 1) }}
{{- if not .Values.database.url }}
{{- fail (printf "%s, or database.url: the embedded SQLite index serves one pod" $asked) }}
{{- end }}
{{- if not .Values.store.url }}
{{- fail (printf "%s, or store.url: only one pod can use the blobs on a volume" $asked) }}
{{- end }}
{{- end }}
{{- if and (include "cardea.replicated" .) (not .Values.keyring.existingSecret) }}
{{- fail "keyring.existingSecret: found nothing, expected a Secret with the key ring, because pods without a volume share it" }}
{{- end }}
{{- with .Values.autoscaling }}
{{- if gt (int .minReplicas) (int .maxReplicas) }}
{{- fail (printf "autoscaling.minReplicas: found %d, expected at most maxReplicas, which is %d" (int .minReplicas) (int .maxReplicas)) }}
{{- end }}
{{- if and .enabled (not (dig "requests" "cpu" "" $.Values.resources)) }}
{{- fail "resources.requests.cpu: found nothing, expected a quantity, because autoscaling measures by it" }}
{{- end }}
{{- end }}
{{- with .Values.podDisruptionBudget }}
{{- if and (toString .minAvailable) (toString .maxUnavailable) }}
{{- fail "podDisruptionBudget: found minAvailable and maxUnavailable, expected one of them" }}
{{- end }}
{{- end }}
{{- if .Values.serviceAccount.existing }}
{{- if or .Values.serviceAccount.annotations .Values.serviceAccount.labels }}
{{- fail "serviceAccount: found existing beside annotations or labels, expected one or the other: an existing one is not changed" }}
{{- end }}
{{- end }}
{{- end }}

{{- define "cardea.checkStore" -}}
{{- with .Values.store }}
{{- if and (not .url) (or .endpoint .region .existingSecret .ca.existingSecret .environment) }}
{{- fail "store.url: found nothing, expected the store that the other values of store are for" }}
{{- end }}
{{- if and .url (not (regexMatch "^[a-z0-9]+://[A-Za-z0-9$][-A-Za-z0-9._]*(/[^@?:#]*)?$" .url)) }}
{{- fail "store.url: found credentials, expected s3://bucket/prefix, az://container/prefix or gs://bucket/prefix: credentials come from store.existingSecret" }}
{{- end }}
{{- $open := include "cardea.storeVariables" $ | fromJsonArray }}
{{- range $name, $value := .environment }}
{{- if not (has $name $open) }}
{{- if regexMatch "(?i)key|secret|token|password|credential" $name }}
{{- fail (printf "store.environment: found %s, expected it in the Secret that store.existingSecret names: values are kept in the clear" $name) }}
{{- end }}
{{- fail (printf "store.environment: found %s, expected variables of docs/stores.md that are not secret" $name) }}
{{- end }}
{{- end }}
{{- end }}
{{- include "cardea.checkStoreSecret" . }}
{{- end }}

{{/* An existing Secret must have the credentials of the store. */}}
{{- define "cardea.checkStoreSecret" -}}
{{- with .Values.store.existingSecret }}
{{- $data := (lookup "v1" "Secret" $.Release.Namespace .).data }}
{{- if $data }}
{{- $known := get (include "cardea.storeSecrets" $ | fromJson) (include "cardea.storeScheme" $) }}
{{- range $known.must }}
{{- if not (get $data .) }}
{{- fail (printf "store.existingSecret: found no %s in %s, expected the names of docs/stores.md" . $.Values.store.existingSecret) }}
{{- end }}
{{- end }}
{{- range $name, $value := $data }}
{{- if not (has $name (concat $known.must $known.may)) }}
{{- fail (printf "store.existingSecret: found the key %s in %s, expected none but %s" $name $.Values.store.existingSecret (concat $known.must $known.may | join ", ")) }}
{{- end }}
{{- if include "cardea.isWellKnown" (b64dec $value) }}
{{- fail (printf "store.existingSecret: found a default or empty %s in %s, expected credentials of the store's own" $name $.Values.store.existingSecret) }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{- define "cardea.checkDatabase" -}}
{{- with .Values.database }}
{{- if and (not .url) (or .existingSecret .ca.existingSecret) }}
{{- fail "database.url: found nothing, expected the database that the other values of database are for" }}
{{- end }}
{{- if .url }}
{{- if or (regexMatch "^postgres://[^@]*:[^@]*@" .url) (regexMatch "(?i)[?&]password=" .url) }}
{{- fail "database.url: found a password, expected it in the Secret that database.existingSecret names: values are kept in the clear" }}
{{- end }}
{{- $names := list }}
{{- range splitList "&" (splitList "?" .url | rest | join "?") | compact }}
{{- $name := splitList "=" . | first }}
{{- if or (has $name $names) (not (has $name (include "cardea.databaseOptions" $ | fromJsonArray))) }}
{{- fail (printf "database.url: found the option %s, or found it twice, expected each once of %s" $name (include "cardea.databaseOptions" $ | fromJsonArray | join ", ")) }}
{{- end }}
{{- $names = append $names $name }}
{{- end }}
{{- if not (regexMatch "[?&]sslmode=(require|verify-full)(&|$)" .url) }}
{{- fail "database.url: found no sslmode=require, expected it: names of objects and users must not cross the network in the clear" }}
{{- end }}
{{- if not .existingSecret }}
{{- fail (printf "database.existingSecret: found nothing, expected a Secret with the key %s: a database that asks for no password lets everybody in" .passwordKey) }}
{{- end }}
{{- $data := (lookup "v1" "Secret" $.Release.Namespace .existingSecret).data }}
{{- if $data }}
{{- if include "cardea.isWellKnown" (get $data .passwordKey | b64dec) }}
{{- fail (printf "database.existingSecret: found a default or empty %s in %s, expected a random one" .passwordKey .existingSecret) }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{/* The options that a database's URL may have, as a JSON list: none of them names another host or user. */}}
{{- define "cardea.databaseOptions" -}}
{{- list "channel_binding" "connect_timeout" "load_balance_hosts" "options" "sslmode" "target_session_attrs" | toJson }}
{{- end }}

{{/* Whether a password is empty, or one that everybody tries first. */}}
{{- define "cardea.isWellKnown" -}}
{{ if regexMatch `(?i)^(admin|cardea|change-?me|guest|minioadmin|pass|password|postgres|root|secret|test|testing|\.\.\.|…|)$` . }}yes{{ end }}
{{- end }}

{{/* An existing Secret must hold accounts, and none with a well-known password. */}}
{{- define "cardea.checkAccounts" -}}
{{- with .Values.accounts.existingSecret }}
{{- $secret := lookup "v1" "Secret" $.Release.Namespace . }}
{{- if $secret }}
{{- $file := get ($secret.data | default dict) "accounts.toml" | b64dec }}
{{- if not (contains "[[accounts.users]]" $file) }}
{{- fail (printf "accounts.existingSecret: found no user in %s, expected the key accounts.toml with one at least" .) }}
{{- end }}
{{- if regexMatch `(?i)\b(password|secret)\s*=\s*["'](admin|cardea|change-?me|guest|pass|password|root|secret|test|testing|\.\.\.|…|)["']` $file }}
{{- fail (printf "accounts.existingSecret: found a default or empty password in %s, expected random ones" .) }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
