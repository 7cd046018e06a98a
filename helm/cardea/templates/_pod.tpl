{{/* Parts of the pods of gateway and `helm test`: the Pod Security Standard "restricted", and files from Secrets. */}}

{{- define "cardea.podSecurity" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{- define "cardea.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}

{{/* A volume with some keys of a Secret as files. Arguments: the volume's name, the Secret's name, the keys. */}}
{{- define "cardea.secretVolume" -}}
- name: {{ index . 0 }}
  secret:
    secretName: {{ index . 1 }}
    defaultMode: 0440
    items:
      {{- range slice . 2 }}
      - key: {{ . }}
        path: {{ . }}
      {{- end }}
{{- end }}
