/** Manifests as people write them. */

/** A StatefulSet that asks, with comments, a flow collection, and a list whose dashes stand under its key. */
export const STATEFUL_SET = `# The database.
apiVersion: apps/v1
kind: StatefulSet
metadata:
  name: db
  namespace: shop
spec:
  serviceName: db # governs the names
  replicas: 3
  podManagementPolicy: "Parallel"
  template:
    metadata:
      labels: { app: db }
      annotations:
        # as the others
        rollcall.dev/inject: "true"
    spec:
      serviceAccountName: 'default'
      containers:
      # the only one
      - name: db
        image: db:1 # pinned
        args: ["--port", '5432']
        volumeMounts:
        - {name: data, mountPath: /data}
      volumes:
      - name: data # not precious
        emptyDir: {}
`;

export const CONFIG_MAP = `apiVersion: v1
kind: ConfigMap
metadata:   {name: odd}
data:
    script: |
        echo   "a"   # not a comment

    other: >-
        folded
        text
`;

export const DEPLOYMENT = `apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  template:
    spec:
      containers:
        - name: web
`;

export const CRON_JOB = `apiVersion: batch/v1
kind: CronJob
metadata:
  name: tidy
  namespace: shop
spec:
  schedule: "@daily"
  jobTemplate:
    spec:
      template:
        metadata:
          annotations:
            rollcall.dev/inject: "true"
            rollcall.dev/service: db
        spec:
          restartPolicy: Never
          containers:
            - name: tidy
              image: tidy:1
`;
