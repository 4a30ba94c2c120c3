#!/usr/bin/env bash
# envtest.sh MINOR: etcd, kube-apiserver and kubectl of a minor version of Kubernetes, by setup-envtest, for
# `npm run test:api`. Says where they are, and tells a GitHub workflow by GITHUB_ENV.
set -euo pipefail
[ $# -eq 1 ] || { echo "usage: $0 MINOR (such as 1.36)" >&2; exit 2; }
version=v0.25.1 # of setup-envtest
assets=$(go run "sigs.k8s.io/controller-runtime/tools/setup-envtest@$version" use --print path "$1.x!")
echo "KUBEBUILDER_ASSETS=$assets" | tee -a "${GITHUB_ENV:-/dev/null}"
