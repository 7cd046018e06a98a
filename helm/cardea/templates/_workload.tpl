{{/* The gateway's pods. They are the same in a StatefulSet and in a Deployment, except for the volume. */}}

{{/* Whether there may be several pods: all of them reach index and blobs. Empty if not. */}}
{{- define "cardea.replicated" -}}
{{ if and .Values.database.url .Values.store.url }}yes{{ end }}
{{- end }}

{{/* Kind and name of the workload, as kubectl takes them. */}}
{{- define "cardea.workload" -}}
{{ ternary "deployment" "statefulset" (not (empty (include "cardea.replicated" .))) }}/{{ include "cardea.fullname" . }}
{{- end }}

{{- define "cardea.workloadMetadata" -}}
name: {{ include "cardea.fullname" . }}
labels:
  {{- include "cardea.labels" . | nindent 2 }}
{{- with .Values.annotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* Checksums of everything that the pod reads at its start only: a change of any of it starts the pods anew. */}}
{{- define "cardea.checksums" -}}
checksum/settings: {{ include "cardea.settings" . | sha256sum }}
{{- if not .Values.accounts.existingSecret }}
checksum/accounts: {{ include "cardea.madeAccounts" . | sha256sum }}
{{- end }}
{{- $secrets := dict "accounts" .Values.accounts "keyring" .Values.keyring "store" .Values.store "store-ca" .Values.store.ca }}
{{- $secrets = merge $secrets (dict "database" .Values.database "database-ca" .Values.database.ca) }}
{{- range $name, $values := $secrets }}
{{- with $values.existingSecret }}
{{/* A Secret that does not exist yet, or cannot be seen, counts as empty. */ -}}
checksum/{{ $name }}: {{ (lookup "v1" "Secret" $.Release.Namespace .).data | toJson | sha256sum }}
{{- end }}
{{- end }}
{{- end }}

{{- define "cardea.pod" -}}
metadata:
  labels:
    {{- include "cardea.labels" . | nindent 4 }}
    {{- if hasKey .Values.serviceAccount.annotations "azure.workload.identity/client-id" }}
    azure.workload.identity/use: "true"
    {{- end }}
    {{- with .Values.podLabels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  annotations:
    {{- include "cardea.checksums" . | nindent 4 }}
    {{- with .Values.podAnnotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  serviceAccountName: {{ .Values.serviceAccount.existing | default (include "cardea.fullname" .) }}
  automountServiceAccountToken: false
  # A Service named cardea would otherwise set variables that look like settings.
  enableServiceLinks: false
  # The pause, the drain, and 10 s for the gateway to end.
  terminationGracePeriodSeconds: {{ add .Values.shutdown.preStopSeconds .Values.shutdown.drainSeconds 10 }}
  {{- with include "cardea.placement" . | trim }}
  {{- . | nindent 2 }}
  {{- end }}
  securityContext:
    {{- include "cardea.podSecurity" . | nindent 4 }}
    fsGroup: 65532
    fsGroupChangePolicy: OnRootMismatch
  containers:
    - name: cardea
      image: {{ include "cardea.image" . }}
      imagePullPolicy: {{ .Values.image.pullPolicy }}
      args: [serve]
      envFrom:
        - configMapRef:
            name: {{ include "cardea.fullname" . }}
      {{- with include "cardea.environment" . | trim }}
      env:
        {{- . | nindent 8 }}
      {{- end }}
      ports:
        {{- if .Values.tls.enabled }}
        - name: https
          containerPort: 8443
        {{- end }}
        {{- if .Values.trustedProxies }}
        - name: http
          containerPort: 8080
        {{- end }}
        - name: management
          containerPort: 8444
      {{- include "cardea.probes" . | nindent 6 }}
      {{- if .Values.shutdown.preStopSeconds }}
      lifecycle:
        preStop:
          sleep:
            seconds: {{ .Values.shutdown.preStopSeconds }}
      {{- end }}
      {{- with .Values.resources }}
      resources:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      securityContext:
        {{- include "cardea.containerSecurity" . | nindent 8 }}
      volumeMounts:
        - name: data
          mountPath: /var/lib/cardea
        {{- range include "cardea.files" . | fromJsonArray }}
        - name: {{ .name }}
          mountPath: /etc/cardea/{{ .name }}
          readOnly: true
        {{- end }}
  volumes:
    {{- if include "cardea.replicated" . }}
    # A lock and a few hints: nothing that a later pod needs.
    - name: data
      emptyDir:
        sizeLimit: 64Mi
    {{- end }}
    {{- range include "cardea.files" . | fromJsonArray }}
    {{- include "cardea.secretVolume" (concat (list .name .secret) .keys) | nindent 4 }}
    {{- end }}
{{- end }}

{{/* The Secrets that are files in the pod, as a JSON list. */}}
{{- define "cardea.files" -}}
{{- $files := list (dict "name" "accounts" "secret" (include "cardea.accountsSecret" .) "keys" (list "accounts.toml")) }}
{{- with .Values.keyring.existingSecret }}
{{- $files = append $files (dict "name" "keyring" "secret" . "keys" (list "keyring.toml")) }}
{{- end }}
{{- with .Values.store.ca.existingSecret }}
{{- $files = append $files (dict "name" "store-ca" "secret" . "keys" (list "ca.crt")) }}
{{- end }}
{{- with .Values.database.ca.existingSecret }}
{{- $files = append $files (dict "name" "database-ca" "secret" . "keys" (list "ca.crt")) }}
{{- end }}
{{- if .Values.tls.enabled }}
{{- $files = append $files (dict "name" "tls" "secret" (include "cardea.tlsSecret" .) "keys" (list "tls.crt" "tls.key")) }}
{{- end }}
{{- $files | toJson }}
{{- end }}

{{/* How the pods are placed on nodes. */}}
{{- define "cardea.placement" -}}
{{- with .Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- with .Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- if include "cardea.replicated" . }}
{{- with .Values.topologySpread }}
topologySpreadConstraints:
  {{- range . }}
  - {{ toYaml . | nindent 4 | trim }}
    labelSelector:
      matchLabels:
        {{- include "cardea.selectorLabels" $ | nindent 8 }}
    matchLabelKeys: [pod-template-hash]
  {{- end }}
{{- end }}
{{- end }}
{{- end }}

{{- define "cardea.probes" -}}
# The index may have to be recovered or migrated first.
startupProbe:
  httpGet:
    path: /livez
    port: management
  periodSeconds: 2
  failureThreshold: 150
livenessProbe:
  httpGet:
    path: /livez
    port: management
  periodSeconds: 10
  timeoutSeconds: 5
  failureThreshold: 6
# The check asks index and store, for up to five seconds.
readinessProbe:
  httpGet:
    path: /readyz
    port: management
  periodSeconds: 5
  timeoutSeconds: 6
  failureThreshold: 2
{{- end }}
